import type { HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeMember } from "../decode.ts";
import { adminKey, type State } from "../state.ts";

export const members = (state: State): HandlersOf<Capabilities, "members"> => ({
  "members.list": async ({ room }, call) => {
    const { members: found } = await state.api.listMembers(await adminKey(state), room, call.signal);
    return { items: found.map(decodeMember) };
  },
});
