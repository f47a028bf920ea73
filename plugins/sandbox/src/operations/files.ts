import { isBotyardError, BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { decodeFile } from "../decode.ts";
import { acting, type State } from "../state.ts";

export const files = (state: State): HandlersOf<Capabilities, "files"> => {
  const { api } = state;
  return {
    "files.upload": async ({ room, name, file }, call) => {
      const args = { room_id: room ?? null, file_name: name, mime: file.type, body: file.body };
      try {
        const answer = await acting(state, call, (auth) => api.putFile(auth, args, call.signal));
        return decodeFile(answer.file);
      } catch (error) {
        if (isBotyardError(error)) throw error;
        // the sender's stream broke; the server keeps no half of a file
        throw new BotyardError("cancelled", "The upload broke off; nothing was kept.", {
          effect: "none",
          cause: error,
        });
      }
    },
    "files.download": async ({ file }, call) => {
      const answer = await acting(state, call, (auth) => api.getFile(auth, { file_id: file }, call.signal));
      const { mime, bytes, file_name } = answer.file;
      return { body: answer.body, type: mime, size: bytes, name: file_name };
    },
  };
};
