import type { CallName, Calls, WireAnswer, WireAuth } from "../wire-calls.ts";
import { identify, type Caller } from "./access.ts";
import { addBot, botCalls, type NewBot } from "./bots.ts";
import { operate } from "./console.ts";
import type { CallsOf, Context } from "./context.ts";
import { createDelivery, type Deliver } from "./delivery.ts";
import { createFaults, type CallFault } from "./faults.ts";
import type { WireSocket } from "./feed.ts";
import { createFiles } from "./files.ts";
import { memberCalls } from "./members.ts";
import { messageCalls } from "./messages.ts";
import { count, createModel, findBot, isoNow, Lost, Refusal, type Policy } from "./model.ts";
import { createPeople, type People } from "./people.ts";
import { reactionCalls } from "./reactions.ts";
import { enter, roomCalls } from "./rooms.ts";
import { seed, type Seed } from "./seed.ts";
import { userCalls } from "./users.ts";

/** What can be broken on purpose. `bot` is an id; null: the stream of all bots, or every bot's where each has its own. */
export type Fault =
  | CallFault
  | { readonly kind: "deaf" | "cut" | "hold" | "release" | "refuse-sockets"; readonly bot: string | null }
  | { readonly kind: "drop-events"; readonly bot: string | null; readonly count: number }
  | { readonly kind: "revoke"; readonly token: string }
  | { readonly kind: "revoke-bot"; readonly bot: string }
  | { readonly kind: "odd-frame" }
  | { readonly kind: "clear" };

/** The chat server. Everything is in memory, but for files too large for it. */
export interface Server {
  /** Never throws; a broken connection is an answer too. */
  request<K extends CallName>(
    call: K,
    auth: WireAuth,
    args: Calls[K]["args"],
    signal?: AbortSignal,
  ): Promise<WireAnswer<K>>;
  /** Throws `Refusal` for a wrong session, or while sockets are refused. */
  socket(auth: WireAuth, options: { readonly bot: string | null; readonly after: number | null }): WireSocket;
  /** Id of a room by id or slug, whoever asks; null where there is none. */
  roomId(ref: string): string | null;
  readonly people: People;
  /** Runs a line at the console and says what it printed. Throws `Refusal`. */
  operate(line: string): string;
  fault(fault: Fault): void;
  /** How often each call came, and what came of it. */
  counts(): Readonly<Record<string, number>>;
  /** Who takes posts to hook URLs that begin with `base`, in place of the network, until what comes back is called. */
  deliverTo(base: string, deliver: Deliver): () => void;
  /** Makes sure that a bot is there which an earlier server in this place had, and that it is in its rooms. */
  restore(bot: NewBot & { readonly id: string }, rooms: readonly string[]): void;
  /** Random, of this server: places in its streams mean nothing to another. */
  readonly epoch: string;
  close(): Promise<void>;
}

export interface ServerOptions {
  readonly policy: Policy;
  readonly seed: Seed;
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** @returns A server with its people and rooms; `close` removes its temporary files. */
export function createServer(options: ServerOptions): Server {
  const model = createModel(options.policy, options.now);
  const delivery = createDelivery(model);
  const context: Context = { model, publish: delivery.publish };
  const faults = createFaults(options.sleep);
  const files = createFiles(model);
  const calls: CallsOf<string> = {
    ...botCalls(context),
    ...roomCalls(context),
    ...memberCalls(context),
    ...messageCalls(context, files.find),
    ...reactionCalls(context),
    ...files.calls,
    ...userCalls(model),
  };
  seed(model, options.seed);

  /** A reference that must not be used twice is used up before anything else can fail. */
  const burn = (caller: Caller, reference: string | null): void => {
    if (model.policy.references !== "detect" || reference === null) return;
    const key = `${caller.user?.id ?? ""}\n${reference}`;
    if (model.references.has(key)) throw new Refusal(409, "duplicate_reference", "the reference has been used");
    model.references.set(key, null);
  };

  return {
    epoch: model.id("epoch"),
    async request(call, auth, args, signal) {
      count(model, call);
      try {
        const caller = identify(model, auth);
        if (call === "message.post") burn(caller, (args as Calls["message.post"]["args"]).reference);
        const run = calls[call] as (caller: Caller, args: unknown) => unknown;
        const body = await faults.through(call, signal, async () => run(caller, args));
        return { ok: true, body } as WireAnswer<typeof call>;
      } catch (error) {
        if (error instanceof Lost || signal?.aborted) return { ok: null };
        if (!(error instanceof Refusal)) throw error;
        const { status, code, message: text, retryAfterMs } = error;
        const wait = retryAfterMs === null ? {} : { retry_after_ms: retryAfterMs };
        return { ok: false, error: { status, code, text, ...wait } };
      }
    },
    socket(auth, { bot, after }) {
      identify(model, auth);
      count(model, "socket.open");
      return delivery.stream(bot).open({ after, mayResume: model.policy.resume });
    },
    roomId: (ref) => model.rooms.get(ref)?.id ?? [...model.rooms.values()].find(({ slug }) => slug === ref)?.id ?? null,
    people: createPeople(context),
    operate: (line) => operate(context, line),
    fault(fault) {
      const streams = "bot" in fault && fault.bot !== null ? [delivery.stream(fault.bot)] : delivery.streams();
      switch (fault.kind) {
        case "deaf":
          return streams.forEach((stream) => stream.deafen());
        case "cut":
          return streams.forEach((stream) => stream.cut());
        case "hold":
          return streams.forEach((stream) => stream.hold());
        case "release":
          return streams.forEach((stream) => stream.release());
        case "refuse-sockets":
          return streams.forEach((stream) => stream.refuse(true));
        case "drop-events":
          return streams.forEach((stream) => stream.drop(fault.count));
        case "revoke":
          return void model.revoked.add(fault.token);
        case "revoke-bot":
          for (const { token, user } of model.tokens.values()) if (user === fault.bot) model.tokens.delete(token);
          return undefined;
        case "odd-frame": {
          const audience = [...model.users.values()].filter(({ bot }) => bot?.active).map(({ id }) => id);
          const at = isoNow(model);
          return context.publish({ op: "odd", at, room: null, audience, change_id: model.id("c"), note: "odd" });
        }
        case "clear":
          faults.clear();
          return streams.forEach((stream) => stream.refuse(false));
        default:
          return faults.arm(fault);
      }
    },
    counts: () => Object.fromEntries(model.counts),
    deliverTo: delivery.deliverTo,
    restore(bot, rooms) {
      if (model.users.has(bot.id)) return;
      addBot(model, bot);
      const user = findBot(model, bot.id);
      for (const id of rooms) {
        const room = model.rooms.get(id);
        if (room) enter(context, room, user, user);
      }
    },
    close: files.close,
  };
}
