import { BotyardError, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { failure, type OcsAnswer } from "../ocs.ts";
import { callAsBot, signerOf } from "../signed.ts";
import { person, readersFor, type State } from "../state.ts";
import { firstOf } from "./members.ts";

interface Place {
  readonly room: string;
  readonly message: string;
  readonly emoji: string;
}

const because: Readonly<Record<number, string>> = {
  400: "that is not exactly one emoji, or the message is a system message, deleted, or of another room",
  404: "there is no such message in this room",
};

export const reactions = (state: State): HandlersOf<Capabilities, "reactions"> => {
  async function change({ room, message, emoji }: Place, add: boolean, call: Call): Promise<OcsAnswer> {
    if (!/^[1-9]\d{0,18}$/.test(message))
      throw new BotyardError("not_found", "there is no such message: Talk's ids are numbers");
    if (call.as?.kind === "account") return api.reactAsPerson(await person(state, call), room, message, emoji, add);
    const signer = await signerOf(state, call);
    const path = `${api.botPath(room)}/reaction/${message}`;
    const request = { method: add ? "POST" : "DELETE", path, json: { reaction: emoji } } as const;
    // The webhooks about it come before the answer, to all our bots of the room, and do not say who it was.
    const take = state.echoes.expect(
      { room, message, emoji, removed: !add },
      signer.bot.handle,
      state.memory.botsIn(room),
    );
    try {
      const answer = await callAsBot(state, signer, room, emoji, request, call);
      if (answer.status !== (add ? 201 : 200)) take();
      return answer;
    } catch (error) {
      take();
      throw error;
    }
  }

  const refused = (answer: OcsAnswer, what: string): BotyardError => {
    const sentence = because[answer.status];
    return failure(answer, { what, ...(sentence === undefined ? {} : { because: sentence }) });
  };

  return {
    "reactions.add": async (place, call) => {
      const answer = await change(place, true, call);
      if ((answer.status === 201 || answer.status === 200) && answer.envelope)
        return { emoji: place.emoji, added: answer.status === 201 };
      throw refused(answer, "react");
    },

    "reactions.remove": async (place, call) => {
      const answer = await change(place, false, call);
      if (answer.status === 200 && answer.envelope) return { emoji: place.emoji, removed: true };
      // One answer for a reaction that is not there, an unknown message and what is no emoji: nothing is there.
      if (answer.status === 404 && answer.envelope) return { emoji: place.emoji, removed: false };
      throw refused(answer, "take the reaction back");
    },

    "reactions.list": async ({ room, message }, call) => {
      const callers = await readersFor(state, call, room);
      const found = await firstOf(callers, (on) => api.reactions(on, room, message));
      return { items: [...found].map(([emoji, users]) => ({ emoji, users: [...users] })) };
    },
  };
};
