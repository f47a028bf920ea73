import {
  createLogger,
  createMemorySealer,
  createPortPair,
  createRedactor,
  createRuntime,
  describePlatform,
  openStore,
  platformOf,
  remotePlatform,
  servePlatform,
  type Fetch,
  type InvokeOptions,
  type InstalledPlugin,
  type InvokeResult,
  type Runtime,
  type SelfSpawn,
  type Store,
} from "@botyard/core";
import {
  isBotyardError,
  type AnyPlatform,
  type BotyardError,
  type CapabilityView,
  type Clock,
  type ErrorCode,
  type HookRequest,
  type HookResponse,
  type InputArgument,
  type Operations,
  type OutputOf,
  type Step,
} from "@botyard/sdk";
import type { Drive, Place } from "./place.ts";

/**
 * How the core reaches the plugin: as a module, over a port through which only copies pass, or as it is installed, in a
 * process of its own.
 */
export type Way = "direct" | "channel" | "process";

/** A plugin as the installer left it, and the program that runs it. */
export interface InstalledForTest {
  readonly plugin: InstalledPlugin;
  readonly self: SelfSpawn;
}

export interface WorldOptions {
  readonly platform: AnyPlatform;
  readonly way?: Way;
  /** For the way `process`. */
  readonly installed?: InstalledForTest;
  readonly place?: Place;
  readonly clock?: Clock;
  /** Default: in memory. Closed with the world. A connection that is in it already is opened as it was kept. */
  readonly store?: Store;
  /** Default: one of its own. Give it with a store that is used again. */
  readonly sealer?: ReturnType<typeof createMemorySealer>;
  /** Address under which chat servers reach us; null: none is known. */
  readonly hooksUrl?: string | null;
  /** Default true. */
  readonly receive?: boolean;
  /** Told each line of the log. */
  readonly log?: (line: string) => void;
}

type CallOptions = Partial<Pick<InvokeOptions, "idempotencyKey" | "deadlineMs" | "principal">>;

/** A runtime with one platform and one connection, as tests use it. */
export interface World {
  readonly runtime: Runtime;
  /** Id of the connection. */
  readonly connection: string;
  readonly drive: Drive;
  /** What the place gave as credentials: must be seen nowhere. */
  readonly secrets: readonly string[];
  /** Lines of the log so far, the newest 10,000. */
  readonly lines: readonly string[];
  /** An operation of the table, in this connection. Answers its value. */
  call<K extends keyof Operations>(
    name: K,
    input: Omit<InputArgument<Operations[K]>, "connection">,
    options?: CallOptions,
  ): Promise<OutputOf<Operations[K]>>;
  /** Any operation, native ones too, in this connection. */
  invoke(name: string, input?: object, options?: CallOptions): Promise<InvokeResult>;
  /** Fails unless the operation fails with this code; answers the error. */
  refused(
    code: ErrorCode | readonly ErrorCode[],
    name: string,
    input?: object,
    options?: CallOptions,
  ): Promise<BotyardError>;
  /** What the connection says of an operation, for a bot, in a room. */
  capability(operation: string, target?: { readonly bot?: string; readonly room?: string }): Promise<CapabilityView>;
  /** Does each step on the server and looks until it is seen as done. */
  doSteps(steps: readonly Step[] | undefined): Promise<void>;
  close(): Promise<void>;
}

let worlds = 0;

/**
 * Puts a runtime together, connects it to the place and waits for nothing more: `close` ends both.
 *
 * @example
 * const world = await createWorld({ platform, place });
 * await world.call("bots.create", { handle: "helper" });
 */
export async function createWorld(options: WorldOptions): Promise<World> {
  const { platform, way = "direct", place = {}, receive = true, hooksUrl = "https://bots.example.org" } = options;
  const redactor = createRedactor();
  const lines: string[] = [];
  const write = (line: string): void => {
    if (lines.push(line) > 10_000) lines.shift();
    options.log?.(line);
  };
  const logger = createLogger({ redactor, format: "human", level: "debug", write });
  const store = options.store ?? (await openStore({ memory: true }));
  const { installed } = options;
  if (way === "process" && !installed) throw new Error("the way `process` needs `installed`");
  const runtime = await createRuntime({
    version: "0.0.0-test",
    platforms: way === "process" ? [] : [way === "direct" ? platform : throughChannel(platform, options.clock)],
    ...(way === "process" && installed ? { plugins: { self: installed.self, installed: [installed.plugin] } } : {}),
    store,
    sealer: options.sealer ?? createMemorySealer(),
    logger,
    redactor,
    receive,
    hooksUrl,
    ...(options.clock ? { clock: options.clock } : {}),
    ...(place.fetch ? { fetch: toFetch(place.fetch) } : {}),
  });
  await runtime.start();
  const connection = platform.namespace;
  const request = `req_${++worlds}`;

  const raw = (name: string, input: object, { principal = runtime.local, ...rest }: CallOptions = {}) =>
    runtime.invoke(name, { ...input }, { principal, request, ...rest });

  const takesConnection = (name: string): boolean =>
    runtime.descriptors.get(name)?.fields.some((field) => field.name === "connection" && field.ref === "connection") ??
    false;

  const invoke: World["invoke"] = (name, input = {}, given) =>
    raw(name, takesConnection(name) ? { connection, ...input } : input, given);

  const drive = place.drive?.({
    invoke: async (name, input) => (await invoke(name, input)).value,
    hook: (hook: HookRequest): Promise<HookResponse> => runtime.hook(connection, hook),
  });

  const world: World = {
    runtime,
    connection,
    drive: drive ?? {},
    // shorter ones are words that may stand anywhere
    secrets: Object.values(place.credentials ?? {}).filter(({ length }) => length >= 12),
    lines,
    invoke,
    async call(name, input, given) {
      const { value } = await invoke(name, input, given);
      return value as OutputOf<Operations[typeof name]>;
    },
    async refused(code, name, input, given) {
      const error: unknown = await invoke(name, input, given).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      const wanted = typeof code === "string" ? [code] : code;
      if (!isBotyardError(error)) {
        throw new Error(`${name} should have failed with ${wanted.join(" or ")}`, { cause: error });
      }
      if (!wanted.includes(error.code)) {
        throw new Error(`${name} failed with ${error.code} and not with ${wanted.join(" or ")}: ${error.message}`, {
          cause: error,
        });
      }
      return error;
    },
    async capability(operation, target = {}) {
      const { items } = await world.call("connections.capabilities", target);
      const found = items.find((row) => row.operation === operation);
      if (!found) throw new Error(`connections.capabilities does not mention ${operation}`);
      return found;
    },
    async doSteps(steps = []) {
      for (const step of steps) {
        if (!drive?.operate) throw new Error(`nobody does the step "${step.title}": the place has no drive.operate`);
        await drive.operate(step);
        const looked = await world.call("steps.verify", { step: step.id });
        if (looked.state !== "done")
          throw new Error(`the step "${step.title}" is ${looked.state}: ${looked.note ?? ""}`);
      }
    },
    async close() {
      await runtime.close({ drainMs: 1000 });
      await place.close?.();
    },
  };
  const { url, settings, credentials } = place;
  const { items: kept } = await world.call("connections.list", {});
  if (kept.some(({ id }) => id === connection)) return world;
  try {
    await raw("connections.create", {
      id: connection,
      platform: platform.id,
      ...(url === undefined ? {} : { url }),
      ...(settings ? { settings } : {}),
      ...(credentials ? { credentials } : {}),
      ...(place.import ? { import: place.import } : {}),
    });
  } catch (error) {
    await world.close();
    throw error;
  }
  return world;
}

/** As in a process of its own: the core knows of the platform what its manifest would say, and all that acts crosses. */
function throughChannel(platform: AnyPlatform, clock: Clock | undefined): AnyPlatform {
  const [core, plugin] = createPortPair();
  servePlatform(plugin, platform, clock ? { clock } : {});
  return remotePlatform(core, platformOf(describePlatform(platform)));
}

function toFetch(serve: NonNullable<Place["fetch"]>): Fetch {
  return (input, init) => serve(input instanceof Request && init === undefined ? input : new Request(input, init));
}
