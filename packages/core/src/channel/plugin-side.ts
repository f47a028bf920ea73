import {
  BotyardError,
  type AnyPlatform,
  type AnySession,
  type BotTarget,
  type Call,
  type Clock,
  type Gap,
  type HookRequest,
  type ImportKind,
  type LoginRequest,
  nativeOperations,
  type OpenEffect,
  type OpenStep,
  type RawIntake,
  type Receive,
  type Acting,
  type Resumed,
  type RunCall,
} from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import { systemClock } from "../host/clock.ts";
import { parseInput } from "../invoke/validate.ts";
import { markCaller } from "../limits/caller.ts";
import { helloOf } from "./hello.ts";
import { createPeer, serveMethods, type Methods, type Peer } from "./peer.ts";
import { createPluginHost, type PluginHost } from "./plugin-host.ts";
import type { Port } from "./port.ts";
import { shapeOf, type CallData, type Opening } from "./shape.ts";

interface Opened {
  readonly world: PluginHost;
  session: AnySession | null;
}

type Handler = (input: unknown, call: Call) => Promise<unknown>;
type Prepared = { readonly prepare: Handler; readonly run: Handler };

/**
 * Serves a platform over a port: the plugin's end of the channel. The core opens any number of sessions over it.
 * Resolves nothing and throws nothing; the peer's `onClose` tells when the core is gone.
 */
export function servePlatform(
  port: Port,
  platform: AnyPlatform,
  options: { readonly clock?: Clock | undefined } = {},
): Peer {
  const sessions = new Map<number, Opened>();
  const clock = options.clock ?? systemClock;
  const natives = new Map(nativeOperations(platform).map((operation) => [operation.name, operation]));

  async function open(id: number, { connection, ...rest }: Opening): Promise<unknown> {
    const settings = parseInput(
      platform.settings as GenericSchema,
      connection.settings,
      `settings of ${platform.title}`,
    );
    const opening: Opening = { ...rest, connection: { ...connection, settings } };
    const opened: Opened = {
      session: null,
      world: createPluginHost(peer, id, opening, clock, () => opened.session?.limits),
    };
    sessions.set(id, opened);
    try {
      opened.session = await platform.open(opened.world.host);
      return shapeOf(opened.session);
    } catch (error) {
      sessions.delete(id);
      opened.world.abort(error);
      throw error;
    }
  }

  /**
   * The core saw what JSON Schema can say of these; the whole of the schema is here. The same function as in the core, so
   * that a bad input is the caller's fault on both ways.
   */
  function checked(name: string, input: unknown): unknown {
    const native = natives.get(name);
    if (native) return parseInput(native.input as GenericSchema, input, name);
    const options = platform.extras?.[name];
    if (!options || typeof input !== "object" || input === null || !("options" in input)) return input;
    return { ...input, options: parseInput(options, input.options ?? {}, `options of ${name}`) };
  }

  function openedOf(id: unknown): Opened {
    const opened = sessions.get(id as number);
    if (!opened)
      throw new BotyardError("plugin_failed", "The plugin has no such session: it was closed", { effect: "none" });
    return opened;
  }

  function sessionOf(id: unknown): AnySession {
    const { session } = openedOf(id);
    if (!session) throw new BotyardError("plugin_failed", "The session is still being opened", { effect: "none" });
    return session;
  }

  function receiveOf(id: unknown): Receive {
    return sessionOf(id).receive ?? {};
  }

  function runCall(session: unknown, run: number, bot: BotTarget | undefined, signal: AbortSignal): RunCall {
    return {
      ...(bot ? { bot } : {}),
      signal: markCaller(signal, { as: bot?.handle ?? null, deadline: null }),
      started: (resumed: Resumed) => void peer.notify("host.started", [session, run, resumed]),
    };
  }

  async function close(id: number): Promise<void> {
    const { session, world } = openedOf(id);
    try {
      await session?.close();
    } finally {
      sessions.delete(id);
      world.abort(undefined);
    }
  }

  const methods: Methods = {
    open: (_, id: number, opening: Opening) => open(id, opening),
    close: (_, id: number) => close(id),
    closing: (_, id: number) => sessions.get(id)?.world.abort(undefined),
    bots: (_, id: number, bots: readonly BotTarget[]) => sessions.get(id)?.world.changed(bots),
    hello: () => helloOf(platform),
    // An answer is a sign of life; what it says of memory is for where the core cannot look itself.
    ping: () => process.memoryUsage().rss,
    tool: (_, name: string, input: unknown) => toolOf(platform, name)(checked(name, input)),
    import: (_, name: string, text: string) => importOf(platform, name).read(text),
    prepare: (signal, id: number, name: string, input: unknown, call: CallData) =>
      (handlerOf(sessionOf(id), name) as Prepared).prepare(checked(name, input), callFrom(call, signal)),
    run: (signal, id: number, name: string, input: unknown, call: CallData) => {
      const handler = handlerOf(sessionOf(id), name);
      return (typeof handler === "function" ? handler : handler.run)(checked(name, input), callFrom(call, signal));
    },
    probe: (signal, id: number, level: "passive" | "active") => sessionOf(id).probe({ level, signal }),
    effective: (_, id: number, target: Parameters<NonNullable<AnySession["effective"]>>[0]) =>
      sessionOf(id).effective?.(target),
    "resolve-room": (_, id: number, ref: string, as: Acting | null) => sessionOf(id).resolveRoom(ref, as),
    reconcile: (signal, id: number, effect: OpenEffect) => sessionOf(id).reconcile?.(effect, signal),
    verify: (signal, id: number, step: OpenStep) => sessionOf(id).verify?.(step, signal),
    login: (signal, id: number, request: LoginRequest) => sessionOf(id).login?.(request, signal),
    "receive.http": (_, id: number, request: HookRequest) => receiveOf(id).http?.(request),
    "receive.run": (signal, id: number, run: number, bot?: BotTarget) =>
      receiveOf(id).run?.(runCall(id, run, bot, signal)),
    "receive.prove": (signal, id: number, run: number, bot?: BotTarget) =>
      receiveOf(id).prove?.check(runCall(id, run, bot, signal)),
    "receive.decode": (_, id: number, intake: RawIntake) => receiveOf(id).decode?.(intake),
    "receive.backfill": (signal, id: number, gap: Gap) => receiveOf(id).backfill?.(gap, signal),
  };

  const peer = createPeer({
    port,
    serve: serveMethods(methods),
    wrap: (method, [id, operation], error) => {
      const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
      sessions
        .get(id as number)
        ?.world.host.log.error("the plugin threw what is no BotyardError", { method, operation, thrown });
      const name = error instanceof Error ? error.name : typeof error;
      return new BotyardError("plugin_failed", `The ${platform.title} plugin failed (${name}); the log says where`, {
        effect: method === "run" ? "unknown" : "none",
      });
    },
  });
  peer.onClose((reason) => {
    for (const { world } of sessions.values())
      world.abort(new BotyardError("cancelled", `The core is gone (${reason})`));
    sessions.clear();
  });
  return peer;
}

function handlerOf(session: AnySession, name: string): Handler | Prepared {
  const handlers = session.operations as Readonly<Record<string, Handler | Prepared>>;
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (!handler) throw new BotyardError("unsupported", `The plugin has no handler for ${name}`);
  return handler;
}

function importOf(platform: AnyPlatform, name: string): ImportKind {
  const kind = platform.imports && Object.hasOwn(platform.imports, name) ? platform.imports[name] : undefined;
  if (!kind) throw new BotyardError("unsupported", `The plugin reads no ${name}`);
  return kind;
}

function toolOf(platform: AnyPlatform, name: string): (input: unknown) => Promise<unknown> {
  const tools = (platform.tools ?? {}) as Readonly<Record<string, (input: unknown) => Promise<unknown>>>;
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined;
  if (!tool) throw new BotyardError("unsupported", `The plugin has no ${name}`);
  return tool;
}

/** The signal that crossed beside the call carries who acts and until when, as the core's own does. */
function callFrom(call: CallData, signal: AbortSignal): Call {
  const as = call.as?.handle ?? call.as?.id ?? null;
  return { ...call, signal: markCaller(signal, { as, deadline: call.deadline }) };
}
