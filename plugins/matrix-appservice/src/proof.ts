import { networkInterfaces } from "node:os";
import { BotyardError, isBotyardError, type RunCall } from "@botyard/sdk";
import { ping, whoami } from "./api.ts";
import type { Context } from "./context.ts";
import { errcodes } from "./wire.ts";

/** How the way from the homeserver to us was found. */
export type Way =
  | { readonly ok: true; readonly detail: string }
  | {
      readonly ok: false;
      readonly code: string;
      readonly detail: string;
      readonly fix: string;
      /** What has to stand in the registration file, where it does not yet. */
      readonly setting?: string;
    };

/** Where the homeserver should reach us; nothing where this process receives nothing: a command without a service. */
export function wantedUrl(context: Context): string | undefined {
  const { listen } = context.host.connection.settings;
  if (listen !== undefined) return `http://${listen}`;
  try {
    return context.host.hooks.url();
  } catch {
    return undefined;
  }
}

const setUrl = (url: string): string => `in the registration file set  url: ${url}  and restart the homeserver`;

/** What makes us read the registration again. */
export const importAgain = ({ host }: Context): string =>
  `botyard connections update ${host.connection.id} --import registration=file:FILE, the one that the homeserver loads`;

/** An address of this machine that others may reach; a placeholder where it has none. */
function ownAddress(): string {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return found.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "ADDRESS-OF-THIS-MACHINE";
}

/** What to do so that the homeserver reaches us; `setting`: what has to stand in the registration file. */
function mend(context: Context): { readonly fix: string; readonly setting?: string } {
  const { host, service } = context;
  const { id, settings } = host.connection;
  const wanted = wantedUrl(context);
  if (wanted === undefined) return { fix: "botyard serve" };
  if (wanted !== service.url?.replace(/\/+$/, "")) return { fix: setUrl(wanted), setting: `url: ${wanted}` };
  // The file says it already: the homeserver needs another address of ours.
  const address = new URL(wanted);
  address.hostname = ownAddress();
  if (settings.listen !== undefined)
    return {
      fix: `botyard connections update ${id} -o listen=0.0.0.0:${address.port}; ${setUrl(address.origin)}`,
    };
  return {
    fix: `start botyard serve; where it runs: botyard connections update ${id} --hooks-url ${address.origin}, with hooks.listen in botyard.yaml open to it, then the step that this opens`,
  };
}

const loopback = (url: string): boolean => {
  const { hostname } = URL.canParse(url) ? new URL(url) : { hostname: "" };
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
};

/**
 * Lets the homeserver call us. A good answer also makes it deliver at once what it could not.
 * Throws what keeps us from asking: `unauthenticated`, `unreachable`, `timeout`.
 */
export async function tryWay(context: Context, signal: AbortSignal): Promise<Way> {
  const { service, host } = context;
  const on = await context.caller(undefined, signal);
  const refusedBefore = context.refused.count;
  try {
    const { duration_ms: ms } = await ping(on, service.id, `botyard-${host.clock.now()}`);
    return { ok: true, detail: `ping ${ms} ms` };
  } catch (error) {
    const code = isBotyardError(error) ? error.details.upstream?.code : undefined;
    const bad = (detail: string, fix?: string): Way => ({
      ok: false,
      code: code ?? "",
      detail,
      ...(fix === undefined ? mend(context) : { fix }),
    });
    const status = isBotyardError(error) ? error.details.upstream?.status : undefined;
    const url = service.url ?? "";
    switch (code) {
      case errcodes.unrecognized:
        await whoami(on);
        return { ok: true, detail: "this homeserver has no ping: the first transaction will prove the way" };
      case errcodes.urlNotSet:
        return bad("the registration has no url, so the homeserver pushes nothing");
      case errcodes.forbidden:
        return bad(`the homeserver knows the as_token under another id than "${service.id}"`, importAgain(context));
      case "M_CONNECTION_FAILED":
      case "M_CONNECTION_TIMEOUT":
        return bad(
          `ping answered ${status} ${code}: the homeserver cannot open ${url}${loopback(url) ? ", which is its own loopback where it runs elsewhere" : ""}`,
        );
      case "M_BAD_STATUS":
        // We saw it ourselves: the way is right, the token is not.
        if (context.refused.count > refusedBefore)
          return bad(
            "the homeserver reaches us, but with another hs_token than the registration kept here",
            importAgain(context),
          );
        return bad(
          `ping answered M_BAD_STATUS: the homeserver reaches ${url}, but is refused there: another program, a wrong path, or another hs_token`,
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
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    context.absence.told = (sign) =>
      reject(new BotyardError("unreachable", `${sign}: what it had not delivered yet may be lost, so history is read`));
  }).finally(() => (context.absence.told = () => {}));
}
