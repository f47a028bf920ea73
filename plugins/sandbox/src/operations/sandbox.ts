import { BotyardError, type Call, type HandlersOf, type InputOf } from "@botyard/sdk";
import { fromWireError } from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import type * as native from "../native.ts";
import type { Fault } from "../simulator/index.ts";
import { Refusal } from "../simulator/model.ts";
import type { TranscriptLine } from "../simulator/people.ts";
import type { State } from "../state.ts";
import { nativeIdOf } from "./bots.ts";

const speaker = "alice";

/** What people do goes to the server directly: there is no call of a client for it. */
function directly<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw fromWireError({ status: error.status, code: error.code, text: error.message });
  }
}

function toMessage({ message, gone, reactions }: TranscriptLine): native.SandboxMessage {
  return {
    id: message.message_id,
    user: message.author.user_id,
    text: message.body,
    format: message.markup,
    time: message.sent_at,
    editedAt: message.edited_at,
    deleted: gone,
    reference: message.reference,
    replyTo: message.reply_to,
    thread: message.thread_root,
    silent: message.silent,
    files: message.files.map(({ file_id, file_name, bytes }) => ({ id: file_id, name: file_name, size: bytes })),
    reactions: reactions.map(({ emoji, user_ids }) => ({ emoji, users: [...user_ids] })),
  };
}

function toFault(input: InputOf<typeof native.fault>, call: Call): Fault {
  const { kind, count = 1, delayMs = 0, status = 503, session } = input;
  const bot = call.bot === null ? null : nativeIdOf(call);
  switch (kind) {
    case "lose-answer":
    case "fail-before":
    case "delay":
      return { kind, call: input.call ?? "message.post", count, status, delayMs };
    case "drop-events":
      return { kind, bot, count };
    case "revoke":
      if (bot !== null) return { kind: "revoke-bot", bot };
      if (session !== undefined) return { kind, token: session };
      throw new BotyardError("invalid", "`revoke` names a bot or a session.", {
        issues: [{ path: "bot", expected: "a bot's handle, or `session`" }],
      });
    case "odd-frame":
    case "clear":
      return { kind };
    default:
      return { kind, bot };
  }
}

export const sandbox = ({ server }: State): HandlersOf<Capabilities, "sandbox"> => ({
  "sandbox.say": async ({ room, text, user = speaker, replyTo = null, thread = null }) => {
    const said = directly(() => server.people.say({ room, user, text, replyTo, thread }));
    return { message: said.message_id, room: said.room_id, user: said.author.user_id, time: said.sent_at };
  },
  "sandbox.edit": async ({ room, message, text }) => ({
    message: directly(() => server.people.edit({ room, message, text })).message_id,
  }),
  "sandbox.delete": async ({ room, message, user = speaker }) => {
    directly(() => server.people.remove({ room, message, user }));
    return { message };
  },
  "sandbox.react": async ({ room, message, emoji, user = speaker, remove = false }) => ({
    changed: directly(() => server.people.react({ room, message, user, emoji, added: !remove })),
  }),
  "sandbox.operate": async ({ command }) => ({ output: directly(() => server.operate(command)) }),
  "sandbox.fault": async (input, call) => {
    server.fault(toFault(input, call));
    return {};
  },
  "sandbox.transcript": async ({ room }) => ({
    items: directly(() => server.people.transcript(room)).map(toMessage),
  }),
  "sandbox.effects": async () => ({ counts: { ...server.counts() } }),
});
