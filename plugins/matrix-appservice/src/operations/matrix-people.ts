import type { Context } from "../context.ts";
import * as people from "../methods/people.ts";
import { rawRequest } from "../methods/request.ts";
import type * as peopleOperations from "../native/people.ts";
import type * as serverOperations from "../native/server.ts";
import { beginRotation, urlOfRotation } from "../rotation.ts";
import { actorIn, inTheRoom, isThere, type Matrix, type MatrixOf } from "./acting.ts";
import { count } from "./bots.ts";

const defaultTypingMs = 5_000;

export const matrixPeople = (
  context: Context,
): MatrixOf<typeof peopleOperations> & MatrixOf<typeof serverOperations> & Pick<Matrix, "matrix.rotate-tokens"> => {
  const prepare = isThere(context);
  return {
    "matrix.set-presence": async ({ presence, status, ignoreCache }, call) => ({
      sent: await people.setPresence(await actorIn(context, call), presence, status, ignoreCache),
    }),
    "matrix.get-presence": async ({ user }, call) => people.getPresence(await actorIn(context, call), user),
    "matrix.set-typing": {
      ...inTheRoom(context),
      async run({ room, timeoutMs = defaultTypingMs }, call) {
        await people.setTyping(await actorIn(context, call), room, timeoutMs);
        return { typing: timeoutMs > 0 };
      },
    },
    "matrix.get-profile": async ({ user }, call) => {
      const profile = await people.getProfile(await actorIn(context, call), user);
      return { displayname: profile.displayname ?? null, avatarUrl: profile.avatar_url ?? null };
    },
    "matrix.set-displayname": {
      prepare,
      run: async ({ displayname }, call) => ({
        changed: await people.setProfile(await actorIn(context, call), "displayname", displayname),
      }),
    },
    "matrix.set-avatar-url": {
      prepare,
      run: async ({ url }, call) => ({
        changed: await people.setProfile(await actorIn(context, call), "avatar_url", url ?? null),
      }),
    },
    "matrix.search-users": async ({ term, limit }, call) => {
      const { limited, users } = await people.searchUsers(await actorIn(context, call), term, limit);
      return { limited, users: [...users] };
    },
    "matrix.upload-media": {
      prepare,
      run: async ({ name, file }, call) => ({
        url: await people.uploadMedia(await actorIn(context, call), count({ ...file, name }).file),
      }),
    },
    "matrix.download-media": async ({ url }, call) => people.downloadMedia(await actorIn(context, call), url),
    "matrix.whoami": async (_, call) => people.whoami(await actorIn(context, call)),
    "matrix.ping": async ({ transactionId }, call) => ({
      durationMs: await people.ping(await actorIn(context, call), transactionId),
    }),
    "matrix.rotate-tokens": async () => ({
      id: context.service.id,
      yaml: await beginRotation(context, urlOfRotation(context)),
    }),
    "matrix.request": async ({ method, path, ...options }, call) => {
      const { status, json, text } = await rawRequest(await actorIn(context, call), method, path, options);
      return { status, body: json ?? text };
    },
  };
};
