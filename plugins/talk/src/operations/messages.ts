import { BotyardError, halfDone, type Call, type HandlersOf, type NativeMessage } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { referenceOf, toText } from "../encode.ts";
import { failure, type OcsAnswer } from "../ocs.ts";
import { answerOf, findSent } from "../reconcile.ts";
import { callAsBot, signerOf } from "../signed.ts";
import { person, readersFor, type State } from "../state.ts";
import { toContent } from "../text.ts";
import { numberOf, objectOf, textOf, toMessage, type WireMessage } from "../wire.ts";
import { firstOf } from "./members.ts";

function toNativeMessage(message: WireMessage): NativeMessage {
  return {
    id: String(message.id),
    room: message.token,
    time: new Date(message.timestamp * 1000).toISOString(),
    sender: { id: `${message.actorType}/${message.actorId}`, name: message.actorDisplayName || null },
    content: toContent(message.message, message.messageParameters),
    thread: null,
    replyTo: message.parent ? String(message.parent.id) : null,
    editedAt: message.lastEditTimestamp === null ? null : new Date(message.lastEditTimestamp * 1000).toISOString(),
  };
}

const isWritten = ({ systemMessage, deleted }: WireMessage): boolean =>
  !deleted && (systemMessage === "" || systemMessage === "file_shared" || systemMessage === "object_shared");

/** Message ids of Talk are numbers. Throws `not_found` for anything else: there is no such message. */
function idOf(message: string): string {
  if (/^[1-9]\d{0,18}$/.test(message)) return message;
  throw new BotyardError("not_found", "there is no such message: Talk's ids are numbers");
}

const because: Readonly<Record<string, string>> = {
  "reply-to": "the message that is answered is deleted or not in this room",
  message: "the text is blank or too long",
  permission: "this account may not change that message",
};

function refused(answer: OcsAnswer, what: string): BotyardError {
  const sentence =
    answer.status === 403 && answer.reason === null
      ? "the room is read-only for this account"
      : (because[answer.reason ?? ""] ?? undefined);
  return failure(answer, { what, ...(sentence === undefined ? {} : { because: sentence }) });
}

export const messages = (state: State): HandlersOf<Capabilities, "messages"> => {
  async function sendAsBot(room: string, json: Readonly<Record<string, unknown>>, call: Call) {
    const signer = await signerOf(state, call);
    const text = textOf(json["message"]);
    const request = { method: "POST", path: `${api.botPath(room)}/message`, json } as const;
    const answer = await callAsBot(state, signer, room, text, request, call);
    if (answer.status === 201 && answer.envelope) {
      const found = await findSent(state, room, call.effectId, call.signal);
      return found ? answerOf(found) : { message: null };
    }
    if (answer.status === 404 && answer.envelope) {
      await state.memory.leave(signer.bot.handle, room);
      throw failure(answer, { what: "send", because: "the room was deleted" });
    }
    // A 400 was seen after a message that had been stored: look before saying that nothing happened.
    if (answer.status === 400) {
      const found = await findSent(state, room, call.effectId, call.signal);
      if (found) return answerOf(found);
      const reply = json["replyTo"] === undefined ? "" : ": the message that is answered may not be in this room";
      throw new BotyardError(
        "invalid",
        `Nextcloud refused the message${reply} (send, 400); it may have stored it all the same`,
        {
          effect: "unknown",
          upstream: { status: 400 },
        },
      );
    }
    throw failure(answer, { what: "send" });
  }

  async function sendAsPerson(room: string, json: Readonly<Record<string, unknown>>, call: Call) {
    const answer = await api.sendAsPerson(await person(state, call), room, json);
    if (answer.status === 201 && answer.envelope) return answerOf(toMessage(objectOf(answer.data)));
    throw refused(answer, "send");
  }

  async function sendFiles(room: string, files: readonly { readonly id: string }[], caption: string, call: Call) {
    const on = await person(state, call);
    let last: unknown;
    // The text stands under the last file.
    for (const [at, { id }] of files.entries())
      last = (
        await api.shareFile(on, room, id, at === files.length - 1 ? caption : "").catch((error: unknown) => {
          const shared = files.slice(0, at).map((one) => one.id);
          if (at === 0) throw error;
          const said = `${at} of ${files.length} files ${at === 1 ? "was" : "were"} shared: ${shared.join(", ")}`;
          throw halfDone(error, `${said}; the rest was not`);
        })
      )["item_source"];
    const page = await api.history(on, room, 20).catch(() => null);
    const shown = page?.messages.find(
      ({ messageParameters }) => numberOf(objectOf(messageParameters["file"])["id"]) === numberOf(last),
    );
    return shown ? answerOf(shown) : { message: null };
  }

  return {
    "messages.send": async (input, call) => {
      const { room, files = [], replyTo, silent } = input;
      if (files.length > 0) {
        if (call.as?.kind !== "account")
          throw new BotyardError("unsupported_param", "a bot of Talk cannot send files; nothing was sent", {
            issues: [{ path: "files", expected: "none, or as: account:<name>" }],
          });
        return sendFiles(room, files, input.text, call);
      }
      const json = {
        message: toText(input),
        referenceId: referenceOf(call.effectId),
        ...(replyTo == null ? {} : { replyTo: Number(idOf(replyTo)) }),
        ...(silent === undefined ? {} : { silent }),
      };
      return call.as?.kind === "account" ? sendAsPerson(room, json, call) : sendAsBot(room, json, call);
    },

    "messages.update": async (input, call) => {
      const on = await person(state, call);
      const now = await api.changeMessage(on, input.room, idOf(input.message), toText(input));
      const edited = now?.lastEditTimestamp ?? null;
      return { message: input.message, editedAt: edited === null ? null : new Date(edited * 1000).toISOString() };
    },

    "messages.delete": async ({ room, message }, call) => {
      await api.changeMessage(await person(state, call), room, idOf(message), null);
      return { message };
    },

    "messages.get": async ({ room, message }, call) => {
      const id = idOf(message);
      const found = await firstOf(await readersFor(state, call, room), (on) => api.context(on, room, id));
      if (found && isWritten(found)) return toNativeMessage(found);
      throw new BotyardError("not_found", `there is no message ${id} in the room ${room}`);
    },

    "messages.list": async ({ room, limit = 50, cursor }, call) => {
      const before = cursor === undefined ? undefined : Number(idOf(cursor));
      const page = await firstOf(await readersFor(state, call, room), (on) => api.history(on, room, limit, before));
      const items = page.messages.filter(isWritten).map(toNativeMessage);
      return { items, ...(page.next === null ? {} : { next: String(page.next) }) };
    },

    "messages.mark-read": async ({ room, message }, call) => {
      await api.markRead(await person(state, call), room, Number(idOf(message)));
      return { message };
    },
  };
};
