import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { nativeIdOf, ownerAuth, owning, type Context } from "../context.ts";
import { download, upload } from "../files.ts";

type Icons = "bots.get-icon" | "bots.set-icon" | "bots.delete-icon";

const extensions: Readonly<Record<string, string>> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
};

export const icons = (context: Context): Pick<HandlersOf<Capabilities, "bots">, Icons> => ({
  "bots.get-icon": async (_input, call) => {
    const { user } = await owning(context, call, (on) => api.fetchBot(on, nativeIdOf(call)));
    if (!user.avatar) throw new BotyardError("not_found", "The bot has no icon.");
    return download(context, "avatars", user.avatar._id, user.avatar.filename ?? null, call.signal);
  },

  "bots.set-icon": async ({ icon }, call) => {
    const id = nativeIdOf(call);
    const counted = counting(icon.body);
    const name = `icon.${extensions[icon.type] ?? "png"}`;
    const avatar = await upload(context, await ownerAuth(context), {
      tag: "avatars",
      name,
      file: { ...icon, body: counted.body },
      signal: call.signal,
    });
    await owning(context, call, (on) => api.editUser(on, id, { avatar }));
    return { type: icon.type, size: icon.size ?? counted.size() };
  },

  "bots.delete-icon": async (_input, call) => {
    await owning(context, call, (on) => api.editUser(on, nativeIdOf(call), { remove: ["Avatar"] }));
    return {};
  },
});

/** A stream that knows how much has gone through it. */
export function counting(body: ReadableStream<Uint8Array>): {
  readonly body: ReadableStream<Uint8Array>;
  size(): number;
} {
  let size = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength;
      controller.enqueue(chunk);
    },
  });
  return { body: body.pipeThrough(counter), size: () => size };
}
