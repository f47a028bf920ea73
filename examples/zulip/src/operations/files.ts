import { BotyardError, type HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { acting, type State } from "../state.ts";

const prefix = "/user_uploads/";

/** A file's id is its address below `/user_uploads/`: `2/ce/2Xpnnwgh8JWKxBXtTfD6BHKV/zulip.txt`. */
export const files = (state: State): HandlersOf<Capabilities, "files"> => ({
  "files.upload": async ({ name, file }, call) => {
    const { on } = await acting(state, call.as, call.signal);
    const url = await state.api.upload(on, { field: "filename", name, file });
    const { pathname } = new URL(url, `${state.origin}/`);
    const id = decodeURIComponent(pathname.slice(prefix.length));
    return { id, name, mediaType: file.type, ...(file.size === undefined ? {} : { size: file.size }) };
  },
  "files.download": async ({ file }, call) => {
    const { on } = await acting(state, call.as, call.signal);
    const none = new BotyardError("not_found", "There is no such file, or the bot may not see it.");
    if (!/^\d+\/./.test(file)) throw none;
    const path = file.split("/").map(encodeURIComponent).join("/");
    const url = new URL(await state.api.temporaryUrl(on, path), `${state.origin}/`);
    if (url.origin !== state.origin) throw none;
    const request = {
      method: "GET",
      path: `${url.pathname}${url.search}`,
      bucket: "static",
      signal: call.signal,
    } as const;
    const { status, headers, body } = await state.host.http(state.origin).stream(request);
    if (status !== 200) {
      await body.cancel();
      throw none;
    }
    const size = Number(headers["content-length"]);
    const name = file.split("/").at(-1);
    return {
      body,
      type: headers["content-type"] ?? "application/octet-stream",
      ...(size > 0 ? { size } : {}),
      ...(name === undefined ? {} : { name }),
    };
  },
});
