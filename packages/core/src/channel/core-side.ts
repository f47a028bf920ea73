import { BotyardError, isBotyardError, nativeOperations, operations } from "@botyard/sdk";
import type { AnyOperation, AnyPlatform, AnySession, Host, Outcome, RunCall, Socket } from "@botyard/sdk";
import { createCoreMethods, type OpenedHost } from "./core-methods.ts";
import { errorData } from "./message.ts";
import { createPeer, type Peer } from "./peer.ts";
import type { Port } from "./port.ts";
import { remoteSession } from "./remote-session.ts";
import type { Opening, SessionShape } from "./shape.ts";

/** A platform whose code runs on the other side of a port. */
export type RemotePlatform = AnyPlatform & {
  readonly link: {
    /** Ends the channel; open sessions answer `plugin_failed` from then on. */
    close(reason: string): void;
    /** Told once why the other side is gone: `exit code 3`. */
    onClose(listener: (reason: string) => void): void;
  };
};

/**
 * The core's end of the channel: a platform that `servePlatform` serves at the other end of the port, and whose sessions
 * behave like those of a platform in process. `platform` gives what is data (id, settings, capabilities, schemas): schemas
 * do not cross, so that for now both sides hold the platform's module; only its code that acts runs over there.
 *
 * When the line breaks, calls under way throw `plugin_failed` with effect `unknown` (`none` for operations that only
 * read), and calls made afterwards with effect `none`.
 */
export function remotePlatform(port: Port, platform: AnyPlatform): RemotePlatform {
  const hosts = new Map<number, OpenedHost>();
  const peer = createPeer({
    port,
    serve: createCoreMethods(hosts, () => peer),
    wrap: (method, [id], error) => {
      hosts.get(id as number)?.host.log.error("a call of the plugin failed in the core", { method, error });
      return new BotyardError("internal", `Botyard failed in ${method}; the log says where`);
    },
  });
  let last = 0;
  const effects = effectsOf(platform);

  async function open(host: Host): Promise<AnySession> {
    const id = ++last;
    const opened: OpenedHost = {
      host,
      runs: new Map<number, RunCall>(),
      unwatch: null,
      sockets: new Map<number, Socket>(),
    };
    hosts.set(id, opened);
    const closing = (): void => void peer.notify("closing", [id]);
    const forget = (): void => {
      host.signal.removeEventListener("abort", closing);
      opened.unwatch?.();
      hosts.delete(id);
    };
    host.signal.addEventListener("abort", closing, { once: true });
    try {
      const opening: Opening = { connection: host.connection, hooks: hooksOf(host) };
      const shape = (await peer.call("open", [id, opening], { signal: host.signal, effect: "none" })) as SessionShape;
      return remoteSession({
        peer,
        id,
        shape,
        runs: opened.runs,
        effectOf: (name) => effects.get(name) ?? "unknown",
        forget,
      });
    } catch (error) {
      forget();
      throw error;
    }
  }

  const { tools, ...data } = platform;
  return {
    ...data,
    open,
    ...(tools ? { tools: remoteTools(peer, tools) } : {}),
    link: { close: peer.close, onClose: peer.onClose },
  };
}

/** The base under which every hook address lies; a host that has none throws, and so must the one over there. */
function hooksOf(host: Host): Opening["hooks"] {
  try {
    return { base: host.hooks.url() };
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return { error: errorData(error) };
  }
}

/** What a break in the middle says of an operation: one that reads has done nothing. */
function effectsOf(platform: AnyPlatform): ReadonlyMap<string, Outcome> {
  const all: readonly AnyOperation[] = [...Object.values(operations as object), ...nativeOperations(platform)];
  return new Map(all.map(({ name, effect }) => [name, effect === "read" ? "none" : "unknown"]));
}

function remoteTools(peer: Peer, tools: object): NonNullable<AnyPlatform["tools"]> {
  const remote = Object.keys(tools).map((name) => [
    name,
    (input: unknown) => peer.call("tool", [name, input], { effect: "none" }),
  ]);
  // Same names as the platform's own.
  return Object.fromEntries(remote) as NonNullable<AnyPlatform["tools"]>;
}
