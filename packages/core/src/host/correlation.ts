import { AsyncLocalStorage } from "node:async_hooks";

const current = new AsyncLocalStorage<string>();

/**
 * Runs work whose log lines all say `request`, those of the plugin too. For what ends with its request: an intake, a
 * send, a read. Not for what opens a connection, whose loops would bear the name for ever.
 */
export function correlate<T>(request: string, work: () => T): T {
  return current.run(request, work);
}

/** `req_…` of the work that is being done; undefined in the background. */
export function currentRequest(): string | undefined {
  return current.getStore();
}
