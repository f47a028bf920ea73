import { BotyardError, isBotyardError, nativeOperations, operations } from "@botyard/sdk";
import type { AnyOperation, AnyPlatform, AnySession, Host, ImportedFile, Outcome, RunCall, Socket } from "@botyard/sdk";
import { createCoreMethods, type OpenedHost } from "./core-methods.ts";
import { errorData } from "./message.ts";
import { createPeer, type Peer } from "./peer.ts";
import type { Port } from "./port.ts";
import { answered, remoteSession } from "./remote-session.ts";
import { type Hello, helloFrom } from "./hello.ts";
import type { Opening, SessionShape } from "./shape.ts";

const openWithinMs = 30_000;

/** A platform whose code runs on the other side of a port. */
export type RemotePlatform = AnyPlatform & {
  readonly link: {
    /** Ends the channel; open sessions answer `plugin_failed` from then on. */
    close(reason: string): void;
    /** Told once why the other side is gone: `exit code 3`. */
    onClose(listener: (reason: string) => void): void;
    /** What the code over there says of itself. */
    hello(): Promise<Hello>;
    /** A sign of life: resident memory of the other side's process in bytes. */
    ping(): Promise<number>;
    /** Calls that wait for an answer; receive runs, which wait as long as they work, are not counted. */
    waiting(): number;
  };
};

/**
 * The core's end of the channel: a platform that `servePlatform` serves at the other end of the port, and whose sessions
 * behave like those of a platform in process. `platform` gives what is data (id, settings, capabilities, schemas), as
 * `platformOf` makes it of a description; all that acts runs over there.
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
      const called = peer.call("open", [id, opening], { signal: host.signal, effect: "none" });
      const shape = (await answered("open", called, openWithinMs)) as SessionShape;
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

  const { tools, imports, ...data } = platform;
  return {
    ...data,
    open,
    ...(tools ? { tools: remoteTools(peer, tools) } : {}),
    ...(imports ? { imports: remoteImports(peer, imports) } : {}),
    link: {
      close: peer.close,
      onClose: peer.onClose,
      hello: async () => helloFrom(await peer.call("hello", [], { effect: "none" })),
      ping: async () => Number(await peer.call("ping", [], { effect: "none" })),
      waiting: () => peer.waiting() - [...hosts.values()].reduce((sum, { runs }) => sum + runs.size, 0),
    },
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

function remoteImports(peer: Peer, imports: NonNullable<AnyPlatform["imports"]>): NonNullable<AnyPlatform["imports"]> {
  return Object.fromEntries(
    Object.entries(imports).map(([name, { title }]) => [
      name,
      // What it answers becomes settings and credentials, which are checked like everybody's.
      { title, read: (text) => peer.call("import", [name, text], { effect: "none" }) as Promise<ImportedFile> },
    ]),
  );
}

function remoteTools(peer: Peer, tools: object): NonNullable<AnyPlatform["tools"]> {
  const remote = Object.keys(tools).map((name) => [
    name,
    (input: unknown) => peer.call("tool", [name, input], { effect: "none" }),
  ]);
  // Same names as the platform's own.
  return Object.fromEntries(remote) as NonNullable<AnyPlatform["tools"]>;
}
