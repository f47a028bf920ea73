import { BotyardError, isBotyardError, type Call, type HandlersOf, type NativeMessage } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { acting, idsByHandle, type Context } from "../context.ts";
import { decodeMessage, type Names } from "../decode.ts";
import { encodeSend, encodeText, keyOf } from "../encode.ts";
import { findSent } from "../reconcile.ts";
import type { Caller } from "../request.ts";
import { bytesOf } from "../rules.ts";
import { isoOf } from "../ulid.ts";
import type { WireMessage, WireUser } from "../wire.ts";

const pageSize = 100;
/** Pages of history one page of pins may cost. */
const pinPages = 5;
/** A second request with our key may be on its way still: its message shows a moment later. */
const againMs = 500;

export const messages = (context: Context): HandlersOf<Capabilities, "messages"> => ({
  "messages.send": async (input, call) => {
    checkFormat(input.format);
    const { limits } = await context.root();
    const body = encodeSend(input, limits, await idsByHandle(context));
    const key = keyOf(call.effectId, call.attempt);
    return acting(context, call, async (on) => {
      const sent = await api
        .sendMessage(on, input.room, body, key)
        .catch((error: unknown) => settle(context, on, input.room, key, error));
      expectEcho(context, call, sent);
      return { message: sent._id, time: isoOf(sent._id, context.host.clock.now()) };
    });
  },

  "messages.update": async ({ room, message, text, format, mentions }, call) => {
    checkFormat(format);
    const content = encodeText(text, mentions, await idsByHandle(context));
    const { limits } = await context.root();
    if (content === "" || bytesOf(content) > limits.messageBytes) {
      const expected = `1 to ${limits.messageBytes} bytes`;
      throw new BotyardError(content === "" ? "invalid" : "too_large", `The text of a message has ${expected}.`, {
        issues: [{ path: "text", expected }],
      });
    }
    const edited = await acting(context, call, (on) => api.editMessage(on, room, message, content));
    return { message, editedAt: edited.edited ?? null };
  },

  "messages.delete": async ({ room, message }, call) => {
    await acting(context, call, (on) => api.deleteMessage(on, room, message));
    return { message };
  },

  "messages.get": ({ room, message }, call) =>
    acting(context, call, async (on) => {
      const found = await api.fetchMessage(on, room, message);
      return decodeMessage(found, await namesFor(context, call, []));
    }),

  "messages.list": ({ room, limit = 50, cursor }, call) =>
    acting(context, call, async (on) => {
      const wanted = Math.min(limit, pageSize);
      const found = await api.history(on, room, { limit: wanted, ...(cursor === undefined ? {} : { before: cursor }) });
      const names = await namesFor(context, call, found.users);
      const last = found.messages.at(-1);
      return {
        items: found.messages.map((message) => decodeMessage(message, names)),
        ...(last && found.full ? { next: last._id } : {}),
      };
    }),

  "messages.pin": async ({ room, message }, call) => {
    const pinned = await acting(context, call, (on) => unless("AlreadyPinned", api.pin(on, room, message)));
    return { message, pinned };
  },

  "messages.unpin": async ({ room, message }, call) => {
    const unpinned = await acting(context, call, (on) => unless("NotPinned", api.unpin(on, room, message)));
    return { message, unpinned };
  },

  "messages.list-pins": ({ room, limit = 50, cursor }, call) =>
    acting(context, call, async (on) => {
      const items: NativeMessage[] = [];
      let before = cursor;
      for (let page = 0; page < pinPages; page++) {
        const found = await api.history(on, room, { limit: pageSize, ...(before === undefined ? {} : { before }) });
        const names = await namesFor(context, call, found.users);
        for (const message of found.messages) {
          before = message._id;
          if (message.pinned) items.push(decodeMessage(message, names));
          if (items.length >= limit) return { items, next: before };
        }
        if (!found.full) return { items };
      }
      return { items, ...(before === undefined ? {} : { next: before }) };
    }),
});

/** Stoat has one way to write: Markdown. Plain text is sent as it is. */
function checkFormat(format: "plain" | "markdown" | "html" | undefined): void {
  if (format !== "html") return;
  throw new BotyardError("unsupported_param", "Stoat shows Markdown, not HTML.", {
    issues: [{ path: "format", expected: "plain or markdown" }],
  });
}

/**
 * A 409 without a name says that our key was used up: by the same request, delivered twice. The message it made is in
 * the history; where it made none, it was refused, and the next attempt has a key of its own.
 */
async function settle(context: Context, on: Caller, room: string, key: string, error: unknown): Promise<WireMessage> {
  const { upstream } = isBotyardError(error) ? error.details : {};
  if (upstream?.status !== 409 || upstream.code !== undefined) throw error;
  const unsettled = new BotyardError(
    "upstream",
    "The server has seen this send before, and its history cannot tell what became of it.",
    {
      effect: "unknown",
      upstream,
      cause: error,
    },
  );
  for (const wait of [0, againMs]) {
    if (wait > 0) await context.host.clock.sleep(wait, on.signal);
    const since = context.serverClock.now();
    const found = await findSent(on, room, since, ({ nonce }) => nonce === key).catch(() => "too-many" as const);
    if (found === "too-many") throw unsettled;
    if (found) return found;
  }
  throw new BotyardError("upstream", "The server had used up the key of this send without a message.", {
    effect: "none",
    retryAfterMs: 100,
    upstream,
    cause: error,
  });
}

/** What we write comes back on the bot's socket; if it does not, the socket is deaf. */
function expectEcho(context: Context, { as }: Call, { _id, channel }: WireMessage): void {
  const link = context.links.get(as?.handle ?? "");
  if (!link || (link.seen.get(channel) ?? "") >= _id) return;
  link.expected.set(_id, context.host.clock.now());
}

async function namesFor(context: Context, call: Call, users: readonly WireUser[]): Promise<Names> {
  const link = context.links.get(call.as?.handle ?? "");
  const here = new Map(users.map((user) => [user._id, user] as const));
  return (id) => {
    const user = here.get(id);
    if (!user) return link?.places.user(id);
    return { name: user.display_name ?? user.username, handle: user.username, bot: Boolean(user.bot) };
  };
}

/** False where the server says that it was so before. */
export async function unless(code: string, done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (isBotyardError(error) && error.details.upstream?.code === code) return false;
    throw error;
  }
}
