import { BotyardError, isBotyardError, type RunCall } from "@botyard/sdk";
import { ping, whoami } from "./api.ts";
import type { Context } from "./context.ts";
import { errcodes } from "./wire.ts";

/** How the way from the homeserver to us was found. */
export type Way =
  | { readonly ok: true; readonly detail: string }
  | { readonly ok: false; readonly code: string; readonly detail: string; readonly fix: string };

/** Where the homeserver should reach us, or why nobody can say. */
function wantedUrl(context: Context): string | undefined {
  const { listen } = context.host.connection.settings;
  if (listen !== undefined) return `http://${listen}`;
  try {
    return context.host.hooks.url();
  } catch {
    return undefined;
  }
}

const setUrl = (url: string): string => `in the registration file set  url: ${url}  and restart the homeserver`;

/**
 * Lets the homeserver call us. A good answer also makes it deliver at once what it could not.
 * Throws what keeps us from asking: `unauthenticated`, `unreachable`, `timeout`.
 */
export async function tryWay(context: Context, signal: AbortSignal): Promise<Way> {
  const { service, host } = context;
  const on = await context.caller(undefined, signal);
  const wanted = wantedUrl(context);
  const fix =
    wanted === undefined
      ? "set hooks.publicUrl in botyard.yaml to the address under which the homeserver reaches this machine"
      : setUrl(wanted);
  const refusedBefore = context.refused.count;
  try {
    const { duration_ms: ms } = await ping(on, service.id, `botyard-${host.clock.now()}`);
    return { ok: true, detail: `ping ${ms} ms` };
  } catch (error) {
    const code = isBotyardError(error) ? error.details.upstream?.code : undefined;
    const bad = (detail: string, mend = fix): Way => ({ ok: false, code: code ?? "", detail, fix: mend });
    switch (code) {
      case errcodes.unrecognized:
        await whoami(on);
        return { ok: true, detail: "this homeserver has no ping: the first transaction will prove the way" };
      case errcodes.urlNotSet:
        return bad("the registration has no url, so the homeserver pushes nothing");
      case errcodes.forbidden:
        return bad(
          `the homeserver knows the as_token under another id than "${service.id}"`,
          "connect again with the registration file that the homeserver loads: botyard connect matrix … --registration FILE",
        );
      case "M_CONNECTION_FAILED":
      case "M_CONNECTION_TIMEOUT":
        return bad(`ping answered ${code}: the homeserver cannot open ${service.url ?? ""}`);
      case "M_BAD_STATUS":
        // We saw it ourselves: the way is right, the token is not.
        if (context.refused.count > refusedBefore)
          return bad(
            "the homeserver reaches us, but with another hs_token than the registration kept here",
            "connect again with the registration file that the homeserver loads: botyard connect matrix … --registration FILE",
          );
        return bad(
          `ping answered M_BAD_STATUS: the homeserver reaches ${service.url ?? ""}, but is refused there: another program, a wrong path, or another hs_token`,
        );
      default:
        throw error;
    }
  }
}

/** Throws `unreachable` with what mends it where the homeserver cannot reach us. */
export async function prove(context: Context, signal: AbortSignal): Promise<void> {
  const way = await tryWay(context, signal);
  if (!way.ok) throw new BotyardError("unreachable", way.detail, { fix: way.fix });
}

/**
 * Receiving is the homeserver's doing; this only keeps an eye on it. Nobody can tell whether a stopped homeserver lost
 * what waited in its memory, so that rooms are compared after each interruption.
 */
export async function watch(context: Context, { signal, started }: RunCall): Promise<void> {
  await prove(context, signal);
  started({ from: "unknown" });
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
