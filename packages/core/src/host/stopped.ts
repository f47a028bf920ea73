import { BotyardError, isBotyardError, type Outcome } from "@botyard/sdk";

/** The error of a call whose signal aborted: `timeout` where the reason says so, else `cancelled`. */
export function stoppedError(reason: unknown, effect: Outcome): BotyardError {
  const late = isBotyardError(reason) ? reason.code === "timeout" : isTimeout(reason);
  const known = effect === "none" ? "Nothing was sent" : "The server may have done it all the same";
  return late
    ? new BotyardError("timeout", `The call's time was over. ${known}`, { effect, cause: reason })
    : new BotyardError("cancelled", `The call was cancelled. ${known}`, { effect, cause: reason });
}

function isTimeout(reason: unknown): boolean {
  return typeof reason === "object" && reason !== null && "name" in reason && reason.name === "TimeoutError";
}
