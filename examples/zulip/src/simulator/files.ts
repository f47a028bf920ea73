import { fileOf, type Call, type Calls } from "./call.ts";
import { emojiNames } from "./emoji.ts";
import { newKey, Refusal, type World } from "./model.ts";

async function upload(call: Call): Promise<object> {
  const file = await fileOf(call);
  if (!file) throw new Refusal("You must specify a file to upload");
  const path = `2/${newKey().slice(0, 2)}/${newKey().slice(0, 24)}/${file.name.replaceAll(/[^\w.-]/g, "-")}`;
  call.world.uploads.set(path, { ...file, owner: call.user.user_id });
  return { uri: `/user_uploads/${path}`, url: `/user_uploads/${path}`, filename: file.name };
}

export const files: Calls = {
  "POST /user_uploads": upload,
  "GET /user_uploads/**": ({ world, parts }) => {
    const path = (parts[0] ?? "").split("/").map(decodeURIComponent).join("/");
    if (!world.uploads.has(path)) throw new Refusal("File not found", "BAD_REQUEST", 404);
    const token = newKey();
    world.temporary.set(token, path);
    return { url: `/user_uploads/temporary/${token}` };
  },
};

/** What needs no account: files by a temporary address, pictures, the list of emoji. Null: nothing of that kind. */
export function serveStatic(world: World, path: string): Response | null {
  const [, token] = /^\/user_uploads\/temporary\/(\w+)/.exec(path) ?? [];
  const kept = world.uploads.get(world.temporary.get(token ?? "") ?? "");
  if (kept) return bytes(kept);
  const [, user] = /^\/user_avatars\/2\/(\d+)\.png$/.exec(path) ?? [];
  const avatar = world.users.get(Number(user ?? -1))?.avatar;
  if (avatar) return bytes(avatar);
  if (/^\/static\/generated\/emoji\/emoji_api\.\w+\.json$/.test(path))
    return Response.json({ code_to_names: emojiNames });
  return null;
}

function bytes({ bytes: body, type }: { readonly bytes: Uint8Array; readonly type: string }): Response {
  return new Response(new Uint8Array(body), { headers: { "content-type": type } });
}
