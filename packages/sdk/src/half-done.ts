import { BotyardError, isBotyardError } from "./errors.ts";

/**
 * A refusal that came after an earlier request of the same call was done. `said` says both, in words that go before the
 * refusal's own: `the channel was made, but nobody was brought in`. The effect is no longer `none`, so that neither the
 * core nor a caller begins anew.
 *
 * @example
 * const channel = await api.createChannel(on, wish);
 * await api.addMember(on, channel.id, user).catch((error: unknown) => {
 *   throw halfDone(error, `the channel was made as ${channel.id}, but ${user} is not in it`);
 * });
 */
export function halfDone(error: unknown, said: string): unknown {
  if (!isBotyardError(error)) return error;
  // A wait belongs to the refused part alone: the call as a whole must not come again.
  const { retryAfterMs: _, ...details } = error.details;
  return new BotyardError(error.code, `${said}: ${error.message}`, {
    ...details,
    effect: error.effect === "unknown" ? "unknown" : "applied",
    cause: error,
  });
}
