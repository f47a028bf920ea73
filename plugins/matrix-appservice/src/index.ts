import { BotyardError, definePlatform, type Session } from "@botyard/sdk";
import { backfill } from "./backfill.ts";
import { capabilities, type Capabilities } from "./capabilities.ts";
import { createContext, type Context } from "./context.ts";
import { createListener, type Listening } from "./listener.ts";
import * as native from "./native.ts";
import { bots } from "./operations/bots.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { matrixMembers } from "./operations/matrix-members.ts";
import { matrixMessages } from "./operations/matrix-messages.ts";
import { matrixPeople } from "./operations/matrix-people.ts";
import { matrixRooms } from "./operations/matrix-rooms.ts";
import { messages } from "./operations/messages.ts";
import { presence, typing } from "./operations/presence.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { users } from "./operations/users.ts";
import { probe } from "./probe.ts";
import { importAgain, prove, tryWay, watch } from "./proof.ts";
import { createHttpReceiver, maxBodyBytes } from "./receive.ts";
import { decodeKept } from "./redecode.ts";
import { reconcile } from "./reconcile.ts";
import { createRegistration, fromYaml, toYaml } from "./registration.ts";
import type { Finding } from "./registration-check.ts";
import { bucketOf } from "./request.ts";
import { resolveRoom } from "./rooms.ts";
import { rotationKind, verifyRotation } from "./rotation.ts";
import { extras, settings, toService } from "./settings.ts";

export { checkRegistration, type Finding } from "./registration-check.ts";
export { createAppService } from "./library/app-service.ts";
export type { AppService, AppServiceOptions, AppServiceUser, EventHandler, PuppetOptions } from "./library/types.ts";
export type { AppEvent, DeadLetter } from "./library/inbox.ts";
export type { Intent, SendOptions } from "./library/intent.ts";
export type { Listening } from "./listener.ts";
export { memoryStore, type Store } from "./library/store.ts";
export { fileStore } from "./library/store-file.ts";
export type { Answers, ThirdPartyQuery } from "./context.ts";
export type { MemberInfo } from "./room-state.ts";
export { createRegistration, fromYaml, toYaml, type Registration, type RegistrationInput } from "./registration.ts";

/** Proves the way from the homeserver to us this often. */
const proveEveryMs = 60_000;

function open(context: Context): Session<Capabilities> {
  const http = createHttpReceiver(context);
  const listener = createListener(http, { log: context.host.log });
  const { listen } = context.host.connection.settings;
  let listening: Promise<Listening> | undefined;

  /** The port of our own, from the first time that anything is to be received. */
  async function openPort(): Promise<void> {
    if (listen === undefined) return;
    listening ??= listener.listen(addressOf(listen));
    try {
      await listening;
    } catch (cause) {
      listening = undefined;
      throw new BotyardError("conflict", `${listen} cannot be listened on: another program may use it`, {
        cause,
        fix: `end that program, or set another "listen" of the connection, and the same in the registration's url`,
      });
    }
  }

  return {
    operations: {
      ...bots(context),
      ...rooms(context),
      ...members(context),
      ...messages(context),
      ...reactions(context),
      ...files(context),
      ...users(context),
      ...typing(context),
      ...presence(context),
      ...matrixRooms(context),
      ...matrixMembers(context),
      ...matrixMessages(context),
      ...matrixPeople(context),
    },
    probe: ({ signal }) => probe(context, signal),
    resolveRoom: (ref, as) => resolveRoom(context, ref, as ?? null, context.host.signal),
    receive: {
      http,
      maxBodyBytes,
      run: async (call) => {
        await openPort();
        await watch(context, call);
      },
      prove: { everyMs: proveEveryMs, timeoutMs: 20_000, check: ({ signal }) => prove(context, signal) },
      decode: (kept) => decodeKept(context, kept),
      backfill: (gap, signal) => backfill(context, gap, signal),
    },
    reconcile: (effect, signal) => reconcile(context, effect, signal),
    // The homeserver's file cannot be seen from here: the next probe closes what it no longer asks for.
    verify: async ({ kind }, signal) => {
      if (kind === "rate-limited") return { state: "open", note: `${importAgain(context)}; or: botyard steps dismiss` };
      if (kind === rotationKind) return verifyRotation(context, signal);
      const way = await tryWay(context, signal);
      return way.ok ? { state: "done", note: way.detail } : { state: "open", note: way.detail };
    },
    limits: {
      bucket: (request) =>
        bucketOf(request, typeof request.query?.["user_id"] === "string" ? request.query["user_id"] : undefined),
      learn: () => null,
    },
    close: () => listener.close(),
  };
}

/** Bots as users of a Matrix application service: many in one registration, on any homeserver. */
export default definePlatform({
  id: "matrix-appservice",
  namespace: "matrix",
  title: "Matrix",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    "as-token": {
      title: "as_token of the registration",
      holder: "connection",
      required: true,
      help: "it stands in the registration file: --registration FILE",
      recover: "refetch",
    },
    "hs-token": {
      title: "hs_token of the registration",
      holder: "connection",
      required: true,
      help: "it stands in the registration file: --registration FILE",
      recover: "refetch",
    },
    "puppet-token": {
      title: "Access token of a person's account",
      holder: "account",
      help: "in the person's Matrix client: Settings, Help & About, Access Token; or a login of the application service",
      recover: "refetch",
    },
  },
  capabilities,
  extras,
  native,
  massMentions: ["@room"],
  tools: {
    "matrix.registration": async ({ server, url, bot = "botyard", users: patterns, aliases, id }) => {
      const made = createRegistration({
        id: id ?? bot,
        url,
        serverName: server,
        bot,
        users: patterns ?? [`${bot}_.*`],
        ...(aliases === undefined ? {} : { aliases }),
      });
      const yaml = toYaml(made);
      refuseFaults(fromYaml(yaml).findings);
      return { id: made.id, yaml };
    },
  },
  imports: {
    registration: {
      title: "Registration file the homeserver loads",
      read(text) {
        const { registration, findings } = fromYaml(text);
        refuseFaults(findings);
        if (registration === undefined) throw new BotyardError("invalid", "the registration file cannot be read");
        return {
          settings: { service: toService(registration) },
          credentials: { "as-token": registration.asToken, "hs-token": registration.hsToken },
        };
      },
    },
  },
  async open(host) {
    const context = createContext(host);
    await context.memory.prune();
    return open(context);
  },
});

function addressOf(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(":");
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(listen.slice(colon + 1)) };
}

function refuseFaults(findings: readonly Finding[]): void {
  const faults = findings.filter(({ level }) => level === "fault");
  if (faults.length === 0) return;
  throw new BotyardError("invalid", `the registration cannot be used: ${faults.map(({ text }) => text).join("; ")}`, {
    issues: faults.map(({ field, text }) => ({ path: field === "" ? "registration" : field, expected: text })),
  });
}
