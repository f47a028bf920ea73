import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import { failure } from "../ocs.ts";
import { person, type State } from "../state.ts";

export const files = (state: State): HandlersOf<Capabilities, "files"> => ({
  /** Into the person's own files; its path is its id, and sending it shares it. */
  "files.upload": async ({ name, file }, call) => {
    const on = await person(state, call);
    const { id } = await api.whoami(on);
    if (/[\\/]/.test(name) || name === "." || name === "..")
      throw new BotyardError("invalid", "a file's name has no slashes", {
        issues: [{ path: "name", expected: "a file name" }],
      });
    const answer = await api.putFile(on, `${id}/${name}`, file.body, file.type);
    if (answer.status === 412)
      throw new BotyardError("conflict", `this account has a file "${name}" already; it was not touched`, {
        upstream: { status: 412 },
      });
    if (answer.status !== 201) throw failure(answer, { what: "upload the file" });
    return { id: `/${name}`, name, mediaType: file.type, ...(file.size === undefined ? {} : { size: file.size }) };
  },
});
