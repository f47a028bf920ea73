import {
  type BotTarget,
  BotyardError,
  type EventDraft,
  type HookRequest,
  type HookResponse,
  type RawIntake,
  type Receive,
} from "@botyard/sdk";
import { decodeWebhook, unknownEvent } from "./decode.ts";
import { authorOf, isSigned } from "./signature.ts";
import { hookUrl, kinds, type State } from "./state.ts";
import { namesReactor } from "./version.ts";
import { objectOf, textOf } from "./wire.ts";

/** The largest webhook seen had 896,513 bytes: an emoji costs 14 of them, and a reply holds its parent. */
export const maxBodyBytes = 4 * 1024 * 1024;

const utf8 = new TextDecoder("utf-8", { fatal: true });

// Whoever asks is a stranger until the signature holds: one answer for an unknown bot, a wrong secret and a replay.
const refused: HookResponse = { status: 401, json: {} };
const accepted: HookResponse = { status: 200, json: {} };

interface Address {
  readonly handle: string;
  readonly generation: number;
}

function addressOf(path: string): Address | null {
  const [, handle, generation] = /^\/([a-z][a-z0-9-]{0,31})\/([1-9]\d{0,8})$/.exec(path) ?? [];
  return handle === undefined || generation === undefined ? null : { handle, generation: Number(generation) };
}

/**
 * Webhooks of Talk at `/<bot>/<generation>`. The person who wrote waits for the answer, and the next bot of the room
 * too: it is given as soon as the event is on disk. Nothing is sent again by the server.
 */
export function createHttpReceiver(state: State): NonNullable<Receive["http"]> {
  const { host, memory } = state;
  const told = new Set<string>();

  /** Kind of the secret that signed the request; null: nobody we know. */
  async function signer(handle: string, request: HookRequest): Promise<string | null> {
    const random = request.headers["x-nextcloud-talk-random"] ?? "";
    const signature = request.headers["x-nextcloud-talk-signature"] ?? "";
    if (random.length < 32 || random.length > 256) return null;
    for (const kind of [kinds.secret, kinds.next, kinds.old]) {
      const credential = await host.credentials.find({ kind, bot: handle });
      if (credential && isSigned(credential.secret, random, request.body, signature)) return kind;
    }
    return null;
  }

  /** The first signed webhook of an installation proves it: open steps are looked at again. */
  function prove(address: Address, kind: string, author: string | null): Promise<void> | undefined {
    const mark = `${address.handle}/${address.generation}/${kind}`;
    const bot = state.bots.get(address.handle);
    if (!bot || told.has(mark)) return undefined;
    told.add(mark);
    return tell(bot, address, kind, author);
  }

  async function tell(
    bot: BotTarget,
    { handle, generation }: Address,
    kind: string,
    author: string | null,
  ): Promise<void> {
    await memory.hear(handle, { generation, kind, author });
    if (bot.nativeId !== null && kind === kinds.secret) return;
    host.report(
      { kind: "bot", bot: handle },
      { state: "ready", nativeId: author ?? authorOf(hookUrl(state, handle, generation)) },
    );
  }

  return async (request) => {
    // Before the address is looked at: the answer must not tell which bots there are.
    if (request.method !== "POST") return { status: 405, json: {} };
    if (request.body.byteLength > maxBodyBytes) return { status: 413, json: {} };
    const address = addressOf(request.path);
    if (address === null || !state.bots.has(address.handle)) return refused;
    const { handle } = address;
    const kind = await signer(handle, request);
    if (kind === null) {
      host.log.warn("a webhook with a wrong signature was refused", { bot: handle });
      return refused;
    }
    const random = request.headers["x-nextcloud-talk-random"] ?? "";
    if (!memory.randoms.use(handle, random)) {
      host.log.warn("a webhook whose random was seen before was refused", { bot: handle });
      return refused;
    }
    try {
      const event = read(state, handle, random, request);
      await prove(address, kind, event.native?.["type"] === "Join" ? (event.actor?.id ?? null) : null);
      const facts = roomsAfter(state, handle, event);
      const used = memory.randoms.keep(handle, random, event.key !== null);
      await host.commit(
        { via: "webhook", id: random, bots: [handle], raw: request.body, events: [event] },
        { put: used === null ? facts : { ...facts, ...used } },
      );
      memory.learnt(facts);
    } catch (error) {
      memory.randoms.unuse(handle, random);
      host.log.error("a webhook could not be stored; Talk will not send it again", { bot: handle, error });
      throw error instanceof BotyardError
        ? error
        : new BotyardError("internal", "the webhook could not be stored", { cause: error });
    }
    return accepted;
  };
}

function read(state: State, handle: string, random: string, request: HookRequest): EventDraft {
  const now = new Date(state.host.clock.now()).toISOString();
  const event = decode(state, handle, now, random, request.body);
  const backend = request.headers["x-nextcloud-talk-backend"];
  const foreign = backend !== undefined && !isExpectedBackend(state, backend);
  if (!foreign) return event;
  if (!state.foreign.has(backend))
    state.host.log.warn("a webhook names another server than the connection's", { backend });
  state.foreign.add(backend);
  return { ...event, native: { ...event.native, backend } };
}

/** A kept webhook by the code of today. The one it came to is all that it says of bots; reactions of ours stay theirs. */
export function decodeKept(state: State, { id, bots, raw, receivedAt }: RawIntake): readonly EventDraft[] {
  const [handle] = bots ?? [];
  return handle === undefined || id === undefined ? [] : [decode(state, null, receivedAt, id, raw)];
}

/** `handle`: of the bot it came to, whose own echo it may be; null: nothing is learnt from it. */
function decode(state: State, handle: string | null, now: string, random: string, bytes: Uint8Array): EventDraft {
  let body: unknown;
  try {
    body = JSON.parse(utf8.decode(bytes));
  } catch {
    const text = new TextDecoder().decode(bytes.subarray(0, 16_384));
    return unknownEvent(text, "unreadable", { now, random });
  }
  return decodeWebhook(body, {
    now,
    random,
    // Asked for by reactions only.
    get namesReactor() {
      return namesReactor(state.memory.server().talk);
    },
    echo(reaction) {
      const by = handle === null ? null : state.echoes.take(reaction, handle);
      return by === null ? null : (state.bots.get(by)?.nativeId ?? null);
    },
  });
}

/**
 * The header is not signed and tells nothing where `overwrite.cli.url` is not set (`/`). A foreign name is kept with
 * the event and shown by the probe: the signature says that the event is ours.
 */
function isExpectedBackend({ url, host }: State, backend: string): boolean {
  if (backend === "/") return true;
  const same = (wanted: string): boolean => backend.replace(/\/+$/, "") === wanted.replace(/\/+$/, "");
  return same(url) || same(host.connection.settings.backend ?? url);
}

/** A bot is in each room it hears from, until a `Leave`. */
function roomsAfter(state: State, handle: string, event: EventDraft): Readonly<Record<string, unknown>> {
  if (event.room === null) return {};
  const about = objectOf(event.native);
  if (textOf(about["type"]) === "Leave") return state.memory.leaving(handle, event.room.id);
  return state.memory.entering(handle, event.room.id, { name: event.room.name ?? null });
}
