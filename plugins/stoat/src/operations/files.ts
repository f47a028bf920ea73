import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { acting, authOf, type Context } from "../context.ts";
import { download, upload, type Tag } from "../files.ts";
import { counting } from "./icons.ts";

export const files = (context: Context): HandlersOf<Capabilities, "files"> => ({
  "files.upload": async ({ name, file }, call) => {
    const counted = counting(file.body);
    const auth = await authOf(context, call.as);
    const id = await acting(context, call, ({ signal = call.signal }) =>
      upload(context, auth, { tag: "attachments", name, file: { ...file, body: counted.body }, signal }),
    );
    return { id, name, mediaType: file.type, size: file.size ?? counted.size() };
  },

  "files.download": async ({ file }, call) => {
    const [tag, id] = file.includes("/") ? (file.split("/", 2) as [string, string]) : ["attachments", file];
    if (tag !== "attachments" && tag !== "avatars")
      throw new BotyardError("invalid", "A file is named by its id, or `attachments/` or `avatars/` and its id.", {
        issues: [{ path: "file", expected: "an id, attachments/<id> or avatars/<id>" }],
      });
    return download(context, tag satisfies Tag, id, null, call.signal);
  },
});
