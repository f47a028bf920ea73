import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, checkId, type Context } from "../context.ts";
import { path } from "../path.ts";
import { notIn } from "../send.ts";

export const files = (context: Context): HandlersOf<Capabilities, "files"> => ({
  "files.upload": async ({ room, name, file }, call) => {
    if (room === undefined)
      throw new BotyardError("invalid", "Mattermost keeps files by channel", {
        issues: [{ path: "room", expected: "the room the file is for" }],
      });
    const most = context.features.maxFileBytes;
    if (most !== null && (file.size ?? 0) > most)
      throw new BotyardError("too_large", `the file has ${file.size ?? 0} bytes; this server takes at most ${most}`, {
        issues: [{ path: "file", expected: `at most ${most} bytes` }],
      });
    if (file.size === 0)
      throw new BotyardError("invalid", "Mattermost takes no empty files", {
        issues: [{ path: "file", expected: "at least one byte" }],
      });
    const { on, handle } = await actorOf(context, call.as, call.signal);
    const { file_infos: infos } = await api.uploadFile(on, room, name, file.body).catch((error: unknown) => {
      throw notIn(context, error, handle, room);
    });
    const info = infos[0];
    if (info === undefined) throw new BotyardError("upstream", "Mattermost kept no file", { effect: "unknown" });
    return { id: info.id, name: info.name, mediaType: (info.mime_type.split(";")[0] ?? "").trim(), size: info.size };
  },
  "files.download": async ({ file }, call) => {
    const { on } = await actorOf(context, call.as, call.signal);
    return (await api.download(on, path`/files/${checkId("file", file)}`)).bytes;
  },
});
