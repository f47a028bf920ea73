import { BotyardError, type BotTarget, type Call, type HttpRequest } from "@botyard/sdk";
import * as api from "./api.ts";
import { isAuthor, moderators, onState, serverBots } from "./bots.ts";
import { allFeatures } from "./installations.ts";
import { failure, throttledMs, type OcsAnswer } from "./ocs.ts";
import { kinds, readers, type State } from "./state.ts";
import { stateStep, throttleStep } from "./steps.ts";
import { readThrottle } from "./throttle.ts";
import type { Cause } from "./stop.ts";
import { featuresOf } from "./wire.ts";

/** A bot that acts, with its secret. */
export interface Signer {
  readonly bot: BotTarget;
  readonly secret: string;
}

/** Throws `unauthenticated` where the bot's secret is not kept, `unsupported` for others than managed bots. */
export async function signerOf(state: State, call: Pick<Call, "as" | "bot">): Promise<Signer> {
  const handle = call.as?.kind === "bot" ? call.as.handle : call.bot?.handle;
  const bot = handle === undefined ? undefined : state.bots.get(handle);
  if (!bot) throw new BotyardError("unsupported", "Talk knows bots and persons' accounts, and nobody else can act");
  const found = await state.host.credentials.find({ kind: kinds.secret, bot: bot.handle });
  if (found) return { bot, secret: found.secret };
  const { id } = state.host.connection;
  throw new BotyardError(
    "unauthenticated",
    `the secret of ${bot.handle} is not kept, and the server shows it to nobody but occ`,
    {
      fix: `botyard credentials import ${id} ${kinds.secret} --bot ${bot.handle} --secret -`,
      instead: `botyard credentials rotate ${id}/${bot.handle}`,
    },
  );
}

/** What a sleeping server may need beyond its own sleep. */
const slackMs = 5_000;

/**
 * Whether a call may be risked: the server answers a bot that is not in the room like a wrong signature, and counts it
 * for 12 hours. Effect `none`.
 */
async function mayRisk(
  state: State,
  { bot }: Signer,
  room: string,
  call: Pick<Call, "deadline" | "signal">,
): Promise<void> {
  state.stop.check();
  const { memory, host, stop } = state;
  if (!memory.rooms(bot.handle).has(room) && !(await isSetUp(state, bot, room, call.signal)))
    throw new BotyardError(
      "forbidden",
      `${bot.handle} is not known to be in the room ${room}. Talk punishes such a call for hours, so nothing was sent`,
      {
        fix: `botyard rooms add-bot ${host.connection.id}/${room} ${bot.handle}`,
        instead: `if it is there: write something in that room, or botyard talk check-signature ${host.connection.id}/${room} ${bot.handle}`,
      },
    );
  const pending = memory.pending(bot.handle);
  if (pending) {
    const found = (await serverBots(state, call.signal))?.find((one) => isAuthor(one, bot.nativeId));
    if (found?.id !== pending.id)
      throw new BotyardError(
        "operator_required",
        `${bot.handle} is being installed again: its new secret is not confirmed yet. Nothing was sent`,
        {
          fix: "botyard steps list",
        },
      );
  }
  const left = call.deadline - host.clock.now();
  const tooLong = (): boolean => stop.throttledMs() > slackMs && 2 * stop.throttledMs() + slackMs > left;
  // Asked again first: nobody tells us when it is lifted.
  if (tooLong()) await readThrottle(state, call.signal).catch(() => {});
  if (tooLong())
    throw new BotyardError(
      "rate_limited",
      `the server lets each bot call from this address wait ${stop.throttledMs()} ms; nothing was sent`,
      {
        fix: throttleStep(state).run.command ?? "",
        retryAfterMs: 60_000,
      },
    );
}

/** Asks as a moderator, where there is one; what is seen is remembered. */
async function isSetUp(state: State, bot: BotTarget, room: string, signal: AbortSignal): Promise<boolean> {
  const { id } = state.memory.bot(bot.handle);
  for (const caller of await moderators(state, await readers(state, signal), signal)) {
    const answer = await api.roomBots(caller, room).catch(() => null);
    if (answer?.status !== 200 || !answer.envelope) continue;
    const inRoom = api.toRoomBots(answer).filter((one) => one.state !== 0);
    const found = inRoom.some((one) => (id === null ? one.name === (bot.displayName ?? bot.handle) : one.id === id));
    if (found) await state.memory.enter(bot.handle, room, { name: null });
    return found;
  }
  return false;
}

/**
 * One signed call. A 401 or 429 stops all bots of the connection and throws; every other status is an answer.
 * `trusted`: the caller takes the risk of a room the bot is not known to be in.
 */
export async function callAsBot(
  state: State,
  signer: Signer,
  room: string,
  signed: string,
  request: Pick<HttpRequest, "method" | "path" | "query" | "json">,
  call: Pick<Call, "deadline" | "signal">,
  trusted = false,
): Promise<OcsAnswer> {
  if (trusted) state.stop.check();
  else await mayRisk(state, signer, room, call);
  const answer = await api.botCall({ http: state.http, signal: call.signal }, signer.secret, signed, request);
  const slept = throttledMs(answer.headers);
  if (slept > 0 && slept !== state.stop.throttledMs())
    state.host.log.warn("Nextcloud slows bot calls from this address", { throttledMs: slept });
  state.stop.sawThrottle(slept);
  if (answer.status === 401 || answer.status === 429) throw await stopped(state, signer.bot, room, answer);
  return answer;
}

interface Diagnosis {
  readonly cause: Cause;
  readonly reason: string;
  readonly fix: string | null;
}

/** Looks, without risk, for what a 401 does not say. */
async function diagnose(state: State, bot: BotTarget, room: string, signal: AbortSignal): Promise<Diagnosis> {
  const { id: connection } = state.host.connection;
  const server = await serverBots(state, signal).catch(() => null);
  const found = server?.find((one) => isAuthor(one, bot.nativeId));
  const line = stateStep(state, bot, onState(found), allFeatures(state), "").run.command ?? null;
  if (server && !found)
    return {
      cause: "state",
      reason: `${bot.handle} is not installed on the server any more`,
      fix: `botyard credentials rotate ${connection}/${bot.handle}`,
    };
  if (found?.state === 0) return { cause: "state", reason: `${bot.handle} is switched off on the server`, fix: line };
  if (found && !featuresOf(found.features).includes("response"))
    return {
      cause: "features",
      reason: `${bot.handle} lacks the feature response, so that it may not speak`,
      fix: line,
    };
  for (const caller of await moderators(state, await readers(state, signal), signal)) {
    const answer = await api.roomBots(caller, room).catch(() => null);
    if (answer?.status !== 200 || !answer.envelope) continue;
    const one = api
      .toRoomBots(answer)
      .find(({ id, name }) => (found ? id === found.id : name === (bot.displayName ?? bot.handle)));
    if (one && one.state !== 0)
      return {
        cause: "signature",
        reason: `the server does not take the secret of ${bot.handle}`,
        fix: `botyard credentials rotate ${connection}/${bot.handle}`,
      };
    return {
      cause: "room",
      reason: `${bot.handle} is not in the room ${room} any more`,
      fix: `botyard rooms add-bot ${connection}/${room} ${bot.handle}`,
    };
  }
  return {
    cause: "unknown",
    reason: `the server refused ${bot.handle} in the room ${room}: a wrong secret, a room it is not in, switched off, or without the feature response`,
    fix: line,
  };
}

async function stopped(state: State, bot: BotTarget, room: string, answer: OcsAnswer): Promise<BotyardError> {
  const { host, memory } = state;
  const blocked = answer.status === 429;
  const seen: Diagnosis = blocked
    ? {
        cause: "throttled",
        reason: "Nextcloud has blocked this address after wrong signatures",
        fix: throttleStep(state).run.command ?? null,
      }
    : await diagnose(state, bot, room, host.signal);
  if (seen.cause === "room") await memory.leave(bot.handle, room);
  const slows = `Talk slows this address (X-Nextcloud-Bruteforce-Throttled ${throttledMs(answer.headers)}ms); sending stopped after the first ${answer.status}`;
  const reason = `${seen.reason}. ${slows}`;
  host.log.error("bot calls are stopped", { bot: bot.handle, room, cause: seen.cause, status: answer.status });
  await state.stop.trip({
    cause: seen.cause,
    bot: bot.handle,
    room,
    reason,
    fix: seen.fix,
    since: new Date(host.clock.now()).toISOString(),
  });
  if (
    seen.cause === "features" ||
    seen.cause === "unknown" ||
    (seen.cause === "state" && memory.bot(bot.handle).state === 0)
  )
    host.step(stateStep(state, bot, onState(memory.bot(bot.handle)), allFeatures(state), seen.reason), bot.handle);
  host.step(throttleStep(state));
  const hints = {
    what: "a signed call",
    because: reason,
    ...(seen.fix ? { fix: seen.fix } : {}),
    instead: throttleStep(state).run.command ?? "",
  };
  return failure(answer, hints);
}
