import { BotyardError, type BotTarget, type Call, type HandlersOf } from "@botyard/sdk";
import * as api from "../api.ts";
import { isAuthor, numberOfState, serverBots, stateNames, urlOf } from "../bots.ts";
import type { Capabilities } from "../capabilities.ts";
import { allFeatures, installAgain } from "../installations.ts";
import { failure } from "../ocs.ts";
import { unknownId } from "../occ.ts";
import { callAsBot, signerOf } from "../signed.ts";
import { botOf, person, type State } from "../state.ts";
import { stateStep, throttleStep } from "../steps.ts";
import { readThrottle } from "../throttle.ts";
import { featuresOf, numberOf, objectOf, type WireBot } from "../wire.ts";
import { whyAgain } from "./credentials.ts";
import { attendeeOf } from "./members.ts";

export const talk = (state: State): HandlersOf<Capabilities, "talk"> => {
  const { host, occ, memory, stop } = state;

  async function serverBot(bot: BotTarget, call: Call): Promise<WireBot> {
    const found = await serverBots(state, call.signal);
    if (found === null)
      throw new BotyardError("unauthenticated", "only an administrator's app password shows this, and none is kept", {
        fix: `botyard credentials import ${host.connection.id} app-password --secret -`,
      });
    const one = found.find((candidate) => isAuthor(candidate, bot.nativeId));
    if (one) return one;
    throw new BotyardError("not_found", `the server has no bot ${bot.handle}`);
  }

  return {
    "talk.features": async (_input, call) => {
      const bot = botOf(call);
      const found = await serverBot(bot, call);
      const features = featuresOf(found.features);
      const missing = (["webhook", "response"] as const).filter((name) => !features.includes(name));
      const wrong = missing.length > 0 || features.includes("event") || found.state === 0;
      return {
        features,
        state: stateNames[found.state] ?? "enabled",
        missing: [...missing],
        fix: wrong ? occ.state(String(found.id), found.state === 2 ? 2 : 1, allFeatures(state)) : null,
      };
    },

    "talk.ask-features": async ({ room }, call) => {
      if (!memory.server().askFeatures)
        throw new BotyardError("unsupported", "this server cannot be asked by a bot: Talk 25 and newer can", {
          instead: `botyard talk features ${host.connection.id}/${botOf(call).handle}`,
        });
      const signer = await signerOf(state, call);
      const request = { method: "POST", path: api.botPath("ask-features"), json: { token: room } } as const;
      const answer = await callAsBot(state, signer, room, room, request, call);
      if (answer.status !== 200 || !answer.envelope)
        throw failure(answer, { what: "ask for the features", effect: "none" });
      return { features: featuresOf(numberOf(objectOf(answer.data)["features"])) };
    },

    "talk.occ-line": async ({ verb, rooms = [], state: wanted = "enabled", features }, call) => {
      const bot = botOf(call);
      const { id } = memory.bot(bot.handle);
      const number = String(id ?? unknownId);
      if ((verb === "setup" || verb === "remove") && rooms.length === 0)
        throw new BotyardError("invalid", `occ talk:bot:${verb} takes rooms`, {
          issues: [{ path: "rooms", expected: "room tokens" }],
        });
      const lines = {
        uninstall: () => occ.uninstall({ id, url: urlOf(state, bot) }),
        state: () => occ.state(number, numberOfState(wanted), features),
        setup: () => occ.setup(number, rooms),
        remove: () => occ.remove(number, rooms),
      };
      return { command: lines[verb]() };
    },

    "talk.set-state": async ({ state: wanted, features }, call) => {
      const bot = botOf(call);
      const step = stateStep(state, bot, wanted, features, "Only occ on the server switches bots.");
      host.step(step, bot.handle);
      return { command: step.run.command ?? "" };
    },

    "talk.rotate": async ({ strategy }, call) => {
      const bot = botOf(call);
      const step = await installAgain(state, bot, { strategy, why: whyAgain[strategy] });
      host.step(step, bot.handle);
      return { kind: step.kind };
    },

    "talk.check-signature": async ({ room }, call) => {
      const signer = await signerOf(state, call);
      const request = { method: "DELETE", path: `${api.botPath(room)}/reaction/1`, json: { reaction: "👍" } } as const;
      const answer = await callAsBot(state, signer, room, "👍", request, call, true);
      if (answer.status !== 404 && answer.status !== 200)
        throw failure(answer, { what: "try the signature", effect: "none" });
      await memory.enter(signer.bot.handle, room, { name: null });
      return { accepted: true, throttledMs: stop.throttledMs() };
    },

    "talk.throttle": async (_input, call) => {
      const delayMs = await readThrottle(state, call.signal);
      const line = throttleStep(state).run.command ?? null;
      return { delayMs, stopped: stop.current()?.reason ?? null, fix: delayMs > 0 ? line : null };
    },

    "talk.resume": async () => ({ resumed: await stop.clear() }),

    "talk.set-moderator": async ({ room, user, moderator }, call) => {
      const on = await person(state, call);
      const found = await attendeeOf(on, room, user);
      await api.setModerator(on, room, found.attendeeId, moderator);
      return { user: `${found.actorType}/${found.actorId}`, moderator };
    },

    "talk.request": async ({ method, path, query, body, sign }, call) => {
      const full = `/ocs/v2.php${path}`;
      const more = { ...(query ? { query } : {}), ...(body ? { json: body } : {}) };
      if (call.as?.kind === "account") {
        const answer = await api.ocs(await person(state, call), { method, path: full, ...more });
        return { status: answer.status, data: answer.data };
      }
      const room = /^\/apps\/spreed\/api\/v1\/bot\/([a-z0-9]{4,30})\//.exec(path)?.[1];
      if (sign === undefined || room === undefined)
        throw new BotyardError("invalid", "a bot's call is signed and goes to a room of it", {
          issues: [
            { path: "sign", expected: "the message text or the emoji" },
            { path: "path", expected: "/apps/spreed/api/v1/bot/<token>/…" },
          ],
        });
      const signer = await signerOf(state, call);
      const answer = await callAsBot(state, signer, room, sign, { method, path: full, ...more }, call);
      return { status: answer.status, data: answer.data };
    },
  };
};
