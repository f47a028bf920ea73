import type { StartedService, StartService } from "@botyard/cli";

/** The API and, where asked for, the listener of the chat servers' requests. Loaded when a service starts. */
export const startService: StartService = async (runtime, { listen: at, hooks, logger }): Promise<StartedService> => {
  const { createApp, createHooksApp, createMetrics, listen } = await import("@botyard/http");
  const metrics = createMetrics();
  const app = createApp(runtime, { log: logger, metrics, listenHost: at.host });
  const api = await listen(app.fetch, { hostname: at.host, port: at.port });
  try {
    const hooksApp = createHooksApp(runtime, { log: logger, metrics });
    const reached = hooks && (await listen(hooksApp.fetch, { hostname: hooks.host, port: hooks.port }));
    return {
      url: api.url,
      hooksUrl: reached?.url ?? null,
      // The chat servers first: what they send is acknowledged, or sent again later.
      close: async () => {
        await reached?.close();
        await api.close();
      },
    };
  } catch (error) {
    await api.close();
    throw error;
  }
};
