import { createFakeHost, fakeBot, type FakeHost } from "@botyard/testing";
import { isBotyardError, type BotTarget, type BotyardError, type Call, type Session } from "@botyard/sdk";
import type { Capabilities } from "../src/capabilities.ts";
import platform from "../src/index.ts";
import type { Settings } from "../src/settings.ts";
import { createSimulator, type Simulator, type WorldOptions } from "../src/simulator/index.ts";
import { joinServer, makeServer } from "../src/simulator/servers.ts";
import type { SimChannel, SimServer } from "../src/simulator/model.ts";

export interface Opened {
  readonly sim: Simulator;
  readonly host: FakeHost<Settings>;
  readonly session: Session<Capabilities>;
  readonly owner: { readonly id: string; readonly token: string };
  readonly alice: { readonly id: string; readonly token: string };
  readonly server: SimServer;
  readonly channel: SimChannel;
  /** Every request: `POST /bots/create`. */
  readonly requests: string[];
  /** Makes a bot through the session, seals its token as the core does, and brings it into the server. */
  bot(handle: string): Promise<BotTarget>;
  token(handle: string): Promise<string>;
}

export interface OpenOptions extends WorldOptions {
  readonly url?: string;
  readonly ownerToken?: string | null;
  readonly settings?: Settings;
}

export async function open(options: OpenOptions = {}): Promise<Opened> {
  const { url = "https://stoat.test", ownerToken, settings = {}, ...world } = options;
  const sim = createSimulator({ rateLimits: false, ...world });
  const owner = sim.person("olga");
  const alice = sim.person("alice");
  const { server, channel } = makeServer(sim.world, owner.id, "Community");
  joinServer(sim.world, server, alice.id);
  const requests: string[] = [];
  const secret = ownerToken === undefined ? owner.token : ownerToken;
  const host = createFakeHost<Settings>({
    id: "home",
    url,
    settings,
    credentials: secret === null ? [] : [{ kind: "owner-session", secret }],
    fetch: (request) => {
      requests.push(`${request.method} ${decodeURIComponent(new URL(request.url).pathname)}`);
      return sim.fetch(request);
    },
    socket: (address, given) => sim.socket(address, given),
  });
  const session = await platform.open(host);
  return {
    sim,
    host,
    session,
    owner,
    alice,
    server,
    channel,
    requests,
    async bot(handle) {
      const made = await run(session.operations["bots.create"], { connection: "home", handle, options: {} }, call());
      const { bot, credentials = [] } = made;
      const target = fakeBot({ handle, nativeId: bot.nativeId, username: bot.username });
      host.setBots([...(await host.bots.list()), target]);
      for (const { kind, secret: token } of credentials) host.addCredential({ kind, secret: token, bot: handle });
      await run(
        session.operations["rooms.add-bot"],
        { connection: "home", room: server._id, bot: handle },
        call({ bot: target }),
      );
      return target;
    },
    token: async (handle) => (await host.credentials.find({ kind: "bot-token", bot: handle }))?.secret ?? "",
  };
}

let effects = 0;

/** A call as the core makes it. */
export function call(
  more: {
    readonly bot?: BotTarget;
    readonly as?: BotTarget;
    readonly attempt?: number;
    readonly effectId?: string;
  } = {},
): Call {
  effects += 1;
  const { bot, as } = more;
  return {
    bot: bot ?? null,
    as: as ? { kind: "bot", id: as.nativeId ?? "", handle: as.handle, credential: null } : null,
    effectId: more.effectId ?? `01KB${String(effects).padStart(22, "0")}`,
    attempt: more.attempt ?? 1,
    deadline: Date.now() + 30_000,
    signal: new AbortController().signal,
  };
}

type Run<I, O> = (input: I, call: Call) => Promise<O>;

export async function run<I, O>(
  handler: Run<I, O> | { readonly prepare: Run<I, void>; readonly run: Run<I, O> },
  input: I,
  made: Call,
): Promise<O> {
  if (typeof handler === "function") return handler(input, made);
  await handler.prepare(input, made);
  return handler.run(input, made);
}

/** The error of what must fail. */
export async function refused(promise: Promise<unknown>): Promise<BotyardError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isBotyardError(error)) return error;
  throw new Error("it should have been refused", { cause: error });
}
