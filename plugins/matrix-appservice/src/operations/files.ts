import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { parseMxc } from "../ids.ts";
import { ensureRegistered } from "../intent.ts";
import { count } from "./bots.ts";

/** Files are named by their `mxc:` address. */
export const files = (context: Context): HandlersOf<Capabilities, "files"> => ({
  "files.upload": async ({ name, file }, { as, signal }) => {
    const user = await actorOf(context, as);
    await ensureRegistered(context, user, { signal });
    const counted = count({ ...file, name });
    const id = await api.upload(await context.caller(user, signal), counted.file);
    return { id, name, mediaType: file.type, size: counted.size() };
  },

  "files.download": async ({ file }, { as, signal }) => {
    const media = parseMxc(file);
    if (media === undefined)
      throw new BotyardError("not_found", "there is no such file: on Matrix a file is named mxc://server/id");
    return api.download(await context.caller(await actorOf(context, as), signal), media.server, media.id);
  },
});
