export { type AppOptions, createApp } from "./app.ts";
export { createHooksApp, type HooksOptions } from "./hooks.ts";
export { type Fetch, listen, type Listener, type ListenOptions } from "./listen.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { type Service, type ServiceOptions, startService } from "./service.ts";
