import { BotyardError, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import type { Capabilities } from "../capabilities.ts";
import type { Context } from "../context.ts";
import { checkUserId, localpartOf } from "../ids.ts";
import { orUndefined } from "../request.ts";

export const users = (context: Context): HandlersOf<Capabilities, "users"> => ({
  "users.get": async ({ user }, { signal }) => {
    const wrong = checkUserId(user);
    if (wrong !== undefined) throw new BotyardError("not_found", `there is no such user: ${wrong}`);
    const profile = await orUndefined(api.getProfile(await context.caller(undefined, signal), user));
    if (profile === undefined)
      throw new BotyardError("not_found", `the homeserver has no user ${user}, or does not show it`);
    const { owns } = await context.identity();
    return {
      id: user,
      username: localpartOf(user),
      name: profile.displayname ?? null,
      kind: owns(user) ? "bot" : "user",
    };
  },
});
