import { definePlatform, type Session } from "@botyard/sdk";
import { backfill } from "./backfill.ts";
import { capabilities, type Capabilities } from "./capabilities.ts";
import { throttledMs } from "./ocs.ts";
import { login } from "./login.ts";
import * as native from "./native.ts";
import { bots } from "./operations/bots.ts";
import { credentials } from "./operations/credentials.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { reactions } from "./operations/reactions.ts";
import { resolveRoom, rooms } from "./operations/rooms.ts";
import { talk } from "./operations/talk.ts";
import { probe } from "./probe.ts";
import { createHttpReceiver, decodeKept, maxBodyBytes } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { extras, settings } from "./settings.ts";
import { isSigned } from "./signature.ts";
import { kinds, openState, personOf, type State } from "./state.ts";
import { verify } from "./verify.ts";

function session(state: State): Session<Capabilities> {
  return {
    operations: {
      ...bots(state),
      ...credentials(state),
      ...rooms(state),
      ...members(state),
      ...messages(state),
      ...reactions(state),
      ...files(state),
      ...talk(state),
    },
    probe: ({ level, signal }) => probe(state, level, signal),
    resolveRoom: (ref, as) => resolveRoom(ref, as?.kind === "account" ? personOf(state, as, state.host.signal) : null),
    receive: {
      http: createHttpReceiver(state),
      maxBodyBytes,
      decode: async (intake) => decodeKept(state, intake),
      // Talk calls us, once: what came while we were away is gone, and only a person's history shows it.
      async run({ signal, started }) {
        started({ from: "unknown" });
        if (signal.aborted) return;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      },
      backfill: (gap, signal) => backfill(state, gap, signal),
    },
    reconcile: (effect, signal) => reconcile(state, effect, signal),
    verify: (step, signal) => verify(state, step, signal),
    login: (request, signal) => login(state, request, signal),
    limits: {
      // The server throttles bots, passwords and room tokens apart, each by our address.
      bucket: ({ path, headers }) =>
        headers && "x-nextcloud-talk-bot-signature" in headers ? "bot" : path.includes("/login/") ? "login" : "user",
      learn: ({ headers }, response) => {
        const bucket = headers && "x-nextcloud-talk-bot-signature" in headers ? "bot" : "user";
        if (response.status === 429) return { bucket, pauseMs: 60_000 };
        // A slowed call has been slept over already; the others must not wait for it.
        return throttledMs(response.headers) > 0 ? { bucket } : null;
      },
    },
    close: () => state.close(),
  };
}

/** Bots of Nextcloud Talk, which an operator installs with occ. */
export default definePlatform({
  id: "talk",
  namespace: "talk",
  title: "Nextcloud Talk",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    [kinds.admin]: {
      title: "App password of an administrator (or moderator), as name:password",
      holder: "connection",
      help: "Settings › Security › Devices & sessions; or without typing it: botyard credentials login",
      login: true,
      recover: "reissue",
    },
    [kinds.secret]: { title: "Secret of the bot, as occ talk:bot:install got it", holder: "bot", recover: "reissue" },
    [kinds.next]: { title: "Secret the bot gets when it is installed again", holder: "bot", recover: "reissue" },
    [kinds.old]: { title: "Secret of an installation that is being replaced", holder: "bot", recover: "reissue" },
    [kinds.account]: {
      title: "App password of a person's account, as name:password",
      holder: "account",
      recover: "reissue",
    },
  },
  capabilities,
  extras,
  native,
  massMentions: ["@all"],
  tools: {
    "talk.verify-webhook": async ({ secret, random, signature, body }) => ({
      valid: isSigned(secret, random, body, signature),
    }),
  },
  open: async (host) => session(await openState(host)),
});

export { createOcc, quote, type Occ } from "./occ.ts";
export { isSigned, sign, urlHash } from "./signature.ts";
