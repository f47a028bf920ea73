import { BotyardError, isBotyardError, type Receive, type RunCall } from "@botyard/sdk";
import * as api from "./api.ts";
import { createBackfill } from "./backfill.ts";
import { createBatch, type Piece } from "./batch.ts";
import { botAuth, callerOf, openGateway, told, type Context, type Link } from "./context.ts";
import { decodeFrame, ownMemberships, unwrap, type Decoding } from "./frames.ts";
import { refuse } from "./gateway.ts";
import { createPlaces } from "./places.ts";
import { firstIdAt } from "./ulid.ts";
import { isMessage, textOf } from "./wire.ts";

const proveEveryMs = 20_000;
const pongWithinMs = 10_000;
/** An echo that has not come after so long does not come any more. */
const echoWithinMs = 15_000;
/** One proof in so many also compares a channel with its history. */
const compareEvery = 15;
const compareWithinMs = 5_000;
const mostAuthors = 5_000;

/** One socket for each enabled bot. */
export function createReceive(context: Context): Receive {
  let proofs = 0;
  return {
    per: "bot",
    run: (call) => run(context, call),
    prove: {
      everyMs: proveEveryMs,
      timeoutMs: pongWithinMs,
      async check({ bot, signal }) {
        const link = context.links.get(bot?.handle ?? "");
        if (!bot || !link) throw new BotyardError("unreachable", "The socket to the gateway is closed.");
        await link.gateway.ping();
        proofs += 1;
        await hears(context, link, bot.handle, proofs % compareEvery === 0, signal);
      },
    },
    backfill: createBackfill(context),
  };
}

async function run(context: Context, call: RunCall): Promise<void> {
  const { host } = context;
  const { bot, signal } = call;
  if (!bot) throw new BotyardError("invalid", "Stoat has a socket for each bot.");
  const auth = await botAuth(context, bot.handle);
  if (auth.kind === "nobody") return;
  const gateway = await openGateway(context, auth.token, signal).catch(async (error: unknown) => {
    throw await refused(context, bot.handle, auth.token, error, signal);
  });
  const places = createPlaces();
  places.load(gateway.ready);
  try {
    checkIdentity(context, bot.handle, bot.nativeId, places.self);
  } catch (error) {
    await gateway.end(null);
    throw error;
  }
  const link: Link = { gateway, places, seen: new Map(), expected: new Map() };
  const decoding = createDecoding(context, link, bot.handle, auth.token, signal);
  const bots = [bot.handle];
  const metKey = `met/${bot.handle}/${bot.nativeId ?? ""}`;
  const kept = new Map<string, string>();
  const batch = createBatch(async (pieces) => {
    const raw = `[${pieces.map((piece) => piece.raw).join(",")}]`;
    const events = pieces.flatMap((piece) => piece.events);
    const committed = await host.commit({ via: "frame", bots, raw, events });
    for (const { type, room, message } of events)
      if (type === "message.created" && room && message) kept.set(room.id, message.id);
    return committed;
  });
  let since = Infinity;
  context.links.set(bot.handle, link);
  const stop = (): void => void gateway.end(null);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const met = (await host.store.get(metKey)) === true;
    // Where it was invited while nobody listened is known from now on; history is not news.
    await host.commit(
      { via: "backfill", bots, events: ownMemberships(gateway.ready.members ?? [], decoding) },
      { put: { [metKey]: true } },
    );
    host.report({ kind: "bot", bot: bot.handle }, { state: "ready" });
    const credential = await host.credentials.find({ kind: "bot-token", bot: bot.handle });
    if (credential) host.report({ kind: "credential", credential: credential.id }, { state: "ready" });
    since = host.clock.now();
    call.started({ from: met ? "unknown" : "fresh" });
    for await (const { text, frame } of gateway.frames) {
      if (frame) refuse(frame);
      await batch.add(await take(text, frame, link, decoding));
    }
    await batch.flush();
    if (!signal.aborted) throw new BotyardError("unreachable", "The gateway closed the socket.");
  } catch (error) {
    await batch.flush();
    if (signal.aborted) return;
    throw await refused(context, bot.handle, auth.token, error, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    context.heard.set(bot.handle, { since, kept });
    if (context.links.get(bot.handle) === link) context.links.delete(bot.handle);
    await gateway.end(null);
  }
}

async function take(
  text: string,
  frame: Parameters<typeof unwrap>[0] | null,
  link: Link,
  on: Decoding,
): Promise<Piece> {
  if (frame === null) return { raw: JSON.stringify(text), events: [malformed(on)] };
  const events = [];
  for (const one of unwrap(frame)) {
    if (isMessage(one) && one.type === "Message") {
      link.seen.delete(one.channel); // the newest goes last
      link.seen.set(one.channel, one._id);
      link.expected.delete(one._id);
    }
    events.push(...(await decodeFrame(one, on)));
    link.places.apply(one);
  }
  return { raw: text, events };
}

/** The newest authors, in two generations: forgetting one by one costs more than the rest of a frame. */
function createAuthors(): Decoding["authors"] {
  let young = new Map<string, string>();
  let old = young;
  return {
    get: (message) => young.get(message) ?? old.get(message),
    set(message, author) {
      if (young.size >= mostAuthors) {
        old = young;
        young = new Map();
      }
      young.set(message, author);
    },
  };
}

function malformed({ now }: Decoding): Piece["events"][number] {
  return { type: "platform.unknown", key: null, time: now(), room: null, actor: null, native: { type: "malformed" } };
}

function createDecoding(
  context: Context,
  { places }: Link,
  handle: string,
  token: string,
  signal: AbortSignal,
): Decoding {
  const as = (): ReturnType<typeof callerOf> => callerOf(context, { kind: "bot-token", token }, signal);
  return {
    places,
    handle,
    fresh: new Set(),
    now: () => new Date(context.host.clock.now() + context.skewMs).toISOString(),
    authors: createAuthors(),
    async fate(channel) {
      try {
        await api.fetchChannel(await as(), channel);
        return "unknown";
      } catch (error) {
        if (!isBotyardError(error)) throw error;
        if (error.code === "not_found") return "deleted";
        return error.code === "forbidden" ? "hidden" : "unknown";
      }
    },
    async joinedAt(server) {
      const self = places.self?._id;
      if (self === undefined) return undefined;
      return api.member(await as(), server, self).then(
        ({ joined_at }) => joined_at,
        () => undefined,
      );
    },
  };
}

/** A token of another bot, or a person's session, logs in as well: the events would be those of somebody else. */
function checkIdentity(
  { host }: Context,
  handle: string,
  nativeId: string | null,
  self: ReturnType<typeof createPlaces>["self"],
): void {
  const fix = `botyard credentials issue ${host.connection.id}/${handle}`;
  const reason =
    self === null
      ? null
      : !self.bot
        ? `What is sealed as the bot-token of ${handle} is a session of a person.`
        : nativeId !== null && self._id !== nativeId
          ? `What is sealed as the bot-token of ${handle} is the token of another bot.`
          : null;
  if (reason === null) return;
  host.report({ kind: "bot", bot: handle }, { state: "auth_required", reason, remedy: fix });
  throw new BotyardError("unauthenticated", reason, { effect: "none", fix });
}

/** A refusal of a token that was replaced meanwhile is no refusal: the next run takes the new one. */
async function refused(
  context: Context,
  handle: string,
  token: string,
  error: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  if (!isBotyardError(error) || error.code !== "unauthenticated") return error;
  const now = await context.host.credentials.find({ kind: "bot-token", bot: handle });
  if (context.rotating.has(handle) || (now !== null && now.secret !== token))
    return new BotyardError("unreachable", "The bot's token was replaced; connecting with the new one.", {
      cause: error,
    });
  return told(context, { kind: "bot-token", token }, handle, error, signal);
}

/** A socket can answer pings and carry no events any more: our own echoes and a channel's history show it. */
async function hears(
  context: Context,
  link: Link,
  handle: string,
  compare: boolean,
  signal: AbortSignal,
): Promise<void> {
  const now = context.host.clock.now();
  for (const at of link.expected.values()) if (now - at > echoWithinMs) throw deaf();
  if (!compare) return;
  const settled = firstIdAt(now + context.skewMs - echoWithinMs);
  const [channel, newest] = [...link.seen].at(-1) ?? [];
  if (channel === undefined || newest === undefined) return;
  // a wait for the limits must not look like a dead socket
  const soon = AbortSignal.any([signal, AbortSignal.timeout(compareWithinMs)]);
  const on = await callerOf(context, await botAuth(context, handle), soon);
  const found = await api.history(on, channel, { limit: 1 }).catch(() => null);
  const latest = textOf(found?.messages[0]?._id);
  const seen = link.seen.get(channel) ?? newest;
  if (latest !== undefined && latest > seen && latest < settled) throw deaf();
}

function deaf(): BotyardError {
  return new BotyardError("unreachable", "The socket answers, but carries no events any more.");
}
