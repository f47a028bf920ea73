import { isBotyardError, type Host, type HookRequest, type HookResponse } from "@botyard/sdk";
import { decodeFrame } from "./decode.ts";
import { isSignedBy, randomHeader, signatureHeader } from "./signature.ts";
import { handlesById, type State } from "./state.ts";
import type { WireFrame } from "./wire.ts";

/** Address of the connection's hooks. Without an outside URL a name stands in: the sandbox reaches us within the process. */
export function hookBase({ hooks, connection }: Pick<Host, "hooks" | "connection">): string {
  try {
    return hooks.url();
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "operator_required") throw error;
    return `http://botyard.invalid/hooks/${connection.id}`;
  }
}

/** `…/hooks/<connection>/<bot>/<generation>`: an old installation is told from a new one. */
export function hookUrl(host: Pick<Host, "hooks" | "connection">, bot: string, generation: number): string {
  return `${hookBase(host)}/${bot}/${generation}`;
}

/** Takes a signed frame, whether it comes from within the process or over HTTP; answers 200 once it is on disk. */
export function createHookHandler(state: State): (request: HookRequest) => Promise<HookResponse> {
  const { host } = state;
  return async ({ method, path, headers, body }) => {
    const handle = /^\/([a-z][a-z0-9-]{0,31})\/\d{1,9}$/.exec(path)?.[1];
    if (handle === undefined) return { status: 404 };
    if (method !== "POST") return { status: 405, headers: { allow: "POST" } };
    const secret = await host.credentials.find({ kind: "bot-secret", bot: handle });
    const signature = headers[signatureHeader] ?? "";
    const random = headers[randomHeader] ?? "";
    // unknown bots and wrong signatures answer alike
    if (!secret || !(await isSignedBy(secret.secret, random, body, signature))) return { status: 401 };
    const raw = new TextDecoder().decode(body);
    const frame = parseFrame(raw);
    if (!frame) return { status: 400 };
    const draft = decodeFrame(frame, await handlesById(state));
    await host.commit({ via: "webhook", id: random, bots: [handle], raw, events: [{ ...draft, bots: [handle] }] });
    return { status: 200 };
  };
}

function parseFrame(text: string): WireFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "op" in value && "audience" in value
      ? (value as WireFrame)
      : null;
  } catch {
    return null;
  }
}
