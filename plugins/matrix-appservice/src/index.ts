import { BotyardError, definePlatform, type Session } from "@botyard/sdk";
import { backfill } from "./backfill.ts";
import { capabilities, type Capabilities } from "./capabilities.ts";
import { createContext, type Context } from "./context.ts";
import * as native from "./native.ts";
import { bots } from "./operations/bots.ts";
import { files } from "./operations/files.ts";
import { members } from "./operations/members.ts";
import { messages } from "./operations/messages.ts";
import { reactions } from "./operations/reactions.ts";
import { rooms } from "./operations/rooms.ts";
import { users } from "./operations/users.ts";
import { probe } from "./probe.ts";
import { prove, tryWay, watch } from "./proof.ts";
import { createHttpReceiver, maxBodyBytes } from "./receive.ts";
import { reconcile } from "./reconcile.ts";
import { createRegistration, fromYaml, toYaml } from "./registration.ts";
import type { Finding } from "./registration-check.ts";
import { bucketOf } from "./request.ts";
import { resolveRoom } from "./rooms.ts";
import { extras, settings, toService } from "./settings.ts";

export { checkRegistration, type Finding } from "./registration-check.ts";
export { createRegistration, fromYaml, toYaml, type Registration, type RegistrationInput } from "./registration.ts";

/** Proves the way from the homeserver to us this often. */
const proveEveryMs = 60_000;

function open(context: Context): Session<Capabilities> {
  return {
    operations: {
      ...bots(context),
      ...rooms(context),
      ...members(context),
      ...messages(context),
      ...reactions(context),
      ...files(context),
      ...users(context),
    },
    probe: ({ signal }) => probe(context, signal),
    resolveRoom: (ref) => resolveRoom(context, ref, context.host.signal),
    receive: {
      http: createHttpReceiver(context),
      maxBodyBytes,
      run: (call) => watch(context, call),
      prove: { everyMs: proveEveryMs, timeoutMs: 20_000, check: ({ signal }) => prove(context, signal) },
      backfill: (gap, signal) => backfill(context, gap, signal),
    },
    reconcile: (effect, signal) => reconcile(context, effect, signal),
    // The homeserver's file cannot be seen from here: the next probe closes what it no longer asks for.
    verify: async ({ kind }, signal) => {
      if (kind === "rate-limited")
        return { state: "open", note: "connect again with the changed file, or: botyard steps dismiss" };
      const way = await tryWay(context, signal);
      return way.ok ? { state: "done", note: way.detail } : { state: "open", note: way.detail };
    },
    limits: {
      bucket: (request) =>
        bucketOf(request, typeof request.query?.["user_id"] === "string" ? request.query["user_id"] : undefined),
      learn: () => null,
    },
    close: async () => {},
  };
}

/** Bots as users of a Matrix application service: many in one registration, on any homeserver. */
export default definePlatform({
  id: "matrix-appservice",
  namespace: "matrix",
  title: "Matrix",
  contract: 0,
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
  },
  capabilities,
  extras,
  native,
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

function refuseFaults(findings: readonly Finding[]): void {
  const faults = findings.filter(({ level }) => level === "fault");
  if (faults.length === 0) return;
  throw new BotyardError("invalid", `the registration cannot be used: ${faults.map(({ text }) => text).join("; ")}`, {
    issues: faults.map(({ field, text }) => ({ path: field === "" ? "registration" : field, expected: text })),
  });
}
