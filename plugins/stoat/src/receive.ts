import { BotyardError, isBotyardError, type Receive, type RunCall } from "@botyard/sdk";
import * as api from "./api.ts";
import { createBackfill } from "./backfill.ts";
import { createBatch, type Piece } from "./batch.ts";
import { botAuth, callerOf, openGateway, told, type Context, type Link } from "./context.ts";
import { unknown, type Decoding } from "./decoding.ts";
import { decodeWhole, unwrap } from "./frames.ts";
import { ownMemberships } from "./frames-rooms.ts";
import { refuse } from "./gateway.ts";
import { putHeard, readHeard } from "./heard.ts";
import { createPlaces, type Places } from "./places.ts";
import { decodeKept } from "./redecode.ts";
import { firstIdAt } from "./ulid.ts";
import { listOf, textOf, type WireChannel, type WireFrame, type WireMessage } from "./wire.ts";
import { isChannel, isWhole } from "./wire-checks.ts";

const proveEveryMs = 20_000;
const pongWithinMs = 10_000;
/** An echo that has not come after so long does not come any more. */
const echoWithinMs = 15_000;
/** One proof in so many also compares all channels with what a second login shows. */
const compareEvery = 15;
const compareWithinMs = 5_000;

/** One socket for each enabled bot. */
export function createReceive(context: Context): Receive {
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
        return { until: new Date(await heardUntil(context, link, bot.handle, signal)).toISOString() };
      },
    },
    decode: (intake) => decodeKept(context, intake),
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
  const since = host.clock.now();
  const link: Link = { gateway, places, since, heardAt: since, proofs: 0, seen: new Map(), expected: new Map() };
  const decoding = createDecoding(context, link, bot.handle, auth.token, signal);
  const bots = [bot.handle];
  const metKey = `met/${bot.handle}/${bot.nativeId ?? ""}`;
  const batch = createBatch((pieces) => {
    const raw = `[${pieces.map((piece) => piece.raw).join(",")}]`;
    const events = pieces.flatMap((piece) => piece.events);
    return host.commit({ via: "frame", bots, raw, events }, { put: putHeard(bot, newsOf(pieces), since) });
  });
  context.links.set(bot.handle, link);
  const stop = (): void => void gateway.end(null);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const met = (await host.store.get(metKey)) === true;
    // What this socket puts on disk says nothing of the time before it: the backfill goes by what was there.
    context.heard.set(bot.handle, await readHeard(host, bot));
    // Where it was invited while nobody listened is known from now on; history is not news.
    await host.commit(
      { via: "backfill", bots, events: ownMemberships(gateway.ready.members ?? [], decoding) },
      { put: { [metKey]: true } },
    );
    host.report({ kind: "bot", bot: bot.handle }, { state: "ready" });
    const credential = await host.credentials.find({ kind: "bot-token", bot: bot.handle });
    if (credential) host.report({ kind: "credential", credential: credential.id }, { state: "ready" });
    call.started({ from: met ? "unknown" : "fresh" });
    for await (const { text, frame } of gateway.frames) {
      link.heardAt = host.clock.now();
      if (frame) refuse(frame);
      // Waited for only where there is something to wait for: a turn of the loop for each frame costs more than decoding.
      const taken = take(text, frame, link, decoding);
      const full = batch.add(taken instanceof Promise ? await taken : taken);
      if (full) await full;
    }
    await batch.flush();
    if (!signal.aborted) throw new BotyardError("unreachable", "The gateway closed the socket.");
  } catch (error) {
    await batch.flush();
    if (signal.aborted) return;
    throw await refused(context, bot.handle, auth.token, error, signal);
  } finally {
    signal.removeEventListener("abort", stop);
    if (context.links.get(bot.handle) === link) context.links.delete(bot.handle);
    await gateway.end(null);
  }
}

function take(text: string, frame: WireFrame | null, link: Link, on: Decoding): Piece | Promise<Piece> {
  if (frame === null) return { raw: JSON.stringify(text), events: [malformed(on)] };
  if (frame.type === "Bulk") return takeBulk(text, unwrap(frame), link, on);
  const taken = takeOne(frame, link, on);
  return taken instanceof Promise ? taken.then((one) => ({ raw: text, ...one })) : { raw: text, ...taken };
}

async function takeBulk(text: string, frames: readonly WireFrame[], link: Link, on: Decoding): Promise<Piece> {
  const pieces: Taken[] = [];
  for (const one of frames) pieces.push(await takeOne(one, link, on));
  return { raw: text, events: pieces.flatMap(({ events }) => events), gone: pieces.flatMap(({ gone = [] }) => gone) };
}

type Taken = Omit<Piece, "raw">;

function takeOne(frame: WireFrame, link: Link, on: Decoding): Taken | Promise<Taken> {
  const { memory } = on;
  if (!isWhole(frame)) return { events: [unknown(frame, on)] };
  if (isMessageFrame(frame)) {
    // ids grow with time; frames may come in another order
    if (frame._id > (link.seen.get(frame.channel) ?? "")) link.seen.set(frame.channel, frame._id);
    link.expected.delete(frame._id);
    memory.meet(frame);
  } else if (!memory.note(frame)) return { events: [] };
  // What was said before it came into sight was not missed.
  for (const channel of [frame, ...listOf(frame["channels"])])
    if (isChannel(channel)) link.seen.set(channel._id, channel.last_message_id ?? "");
  const events = decodeWhole(frame, on);
  const gone = leftBy(frame, link.places);
  if (!(events instanceof Promise)) {
    link.places.apply(frame);
    return { events, ...(gone.length === 0 ? {} : { gone }) };
  }
  return events.then((all) => {
    link.places.apply(frame);
    return { events: all, gone };
  });
}

function isMessageFrame(frame: WireFrame): frame is WireFrame & WireMessage {
  return frame.type === "Message";
}

/** Channels that a frame takes out of the bot's sight. */
function leftBy(frame: WireFrame, places: Places): readonly string[] {
  const id = textOf(frame["id"]);
  if (id === undefined) return [];
  const ours = frame["user"] === places.self?._id;
  if (frame.type === "ChannelDelete" || (frame.type === "ChannelGroupLeave" && ours)) return [id];
  if (frame.type !== "ServerDelete" && !(frame.type === "ServerMemberLeave" && ours)) return [];
  return places.channels().flatMap((channel) => (channel.server === id ? [channel._id] : []));
}

/** By channel the newest message of these pieces; null: out of sight. */
function newsOf(pieces: readonly Piece[]): ReadonlyMap<string, string | null> {
  const news = new Map<string, string | null>();
  for (const { events, gone = [] } of pieces) {
    for (const { type, room, message } of events)
      if (type === "message.created" && room && message) news.set(room.id, message.id);
    for (const channel of gone) news.set(channel, null);
  }
  return news;
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
    typing: new Map(),
    now: () => new Date(context.serverClock.now()).toISOString(),
    memory: context.memoryOf(places.self?._id ?? handle),
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

/**
 * A socket can answer pings and carry no events any more: our own echoes show it, and now and then what a second login
 * says of the newest message of each channel. Up to when nothing can be missing, by our clock; throws for a deaf one.
 */
async function heardUntil(context: Context, link: Link, handle: string, signal: AbortSignal): Promise<number> {
  const now = context.host.clock.now();
  for (const at of link.expected.values()) if (now - at > echoWithinMs) throw deaf();
  link.proofs += 1;
  if (link.proofs % compareEvery !== 0) return link.heardAt;
  // what is on its way is no proof of anything
  const settled = firstIdAt(context.serverClock.now() - echoWithinMs);
  const channels = await newestOf(context, handle, signal);
  if (channels === null) return link.heardAt;
  for (const { _id, last_message_id: latest } of channels)
    if (latest && latest > (link.seen.get(_id) ?? firstIdAt(context.serverClock.at(link.since))) && latest < settled)
      throw deaf();
  link.heardAt = Math.max(link.heardAt, now - echoWithinMs);
  return link.heardAt;
}

/** Channels as a fresh login shows them; null where there is none just now: that is no fault of the socket. */
async function newestOf(context: Context, handle: string, signal: AbortSignal): Promise<readonly WireChannel[] | null> {
  // a slow server must not look like a dead socket
  const soon = AbortSignal.any([signal, AbortSignal.timeout(compareWithinMs)]);
  try {
    const auth = await botAuth(context, handle);
    if (auth.kind === "nobody") return null;
    const gateway = await openGateway(context, auth.token, soon, "channels");
    await gateway.end(null);
    return gateway.ready.channels ?? null;
  } catch (error) {
    if (signal.aborted || !isBotyardError(error)) throw error;
    return null;
  }
}

function deaf(): BotyardError {
  return new BotyardError("unreachable", "The socket answers, but carries no events any more.");
}
