export { patternAt, patternOf, readAll, streamOf } from "./bytes.ts";
export { eventually, head } from "./cases/events.ts";
export { createFakeHost, fakeBot, type FakeCredential, type FakeHost, type FakeHostOptions } from "./fake-host.ts";
export type { Drive, DriveTools, Place } from "./place.ts";
export { createMemoryPluginStore } from "./plugin-store.ts";
export { testPlatform, type PlatformUnderTest } from "./test-platform.ts";
export { createWorld, type Way, type World, type WorldOptions } from "./world.ts";
