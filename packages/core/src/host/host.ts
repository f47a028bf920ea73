import {
  BotyardError,
  isBotyardError,
  type AnySession,
  type BotTarget,
  type Clock,
  type Committed,
  type Host,
  type Intake,
  type Log,
  type OpenedCredential,
  type Report,
  type StepDraft,
  type Subject,
} from "@botyard/sdk";
import type { Circuits } from "../limits/circuit.ts";
import type { Limiter } from "../limits/limiter.ts";
import type { Store } from "../store/types.ts";
import { callerOf } from "../limits/caller.ts";
import { checkAllowed, createHttp, type Fetch } from "./http.ts";
import { originOf, socketTarget } from "./http-url.ts";
import { openSocket } from "./socket.ts";
import { checkEntries, createPluginStore } from "./plugin-store.ts";
import type { Redactor } from "./redact.ts";

type CredentialSource = Host["credentials"];

/** What the runtime gives for one connection. */
export interface HostParts {
  readonly connection: Host["connection"];
  /**
   * Address under which chat servers reach us, `publicUrl` or that of the listener: `https://bots.example.org`. Null
   * while there is none.
   */
  readonly hooksUrl: string | null;
  /** Origins besides the connection's own: of its `url` settings and of the last probe. Asked before each request. */
  readonly origins?: () => readonly string[];
  /** Hooks of the session, once it is open: `() => live.session?.limits`. */
  readonly limits?: () => AnySession["limits"];
  readonly credentials: {
    find(query: Parameters<CredentialSource["find"]>[0]): Promise<OpenedCredential | null>;
    put(credential: Parameters<CredentialSource["put"]>[0]): Promise<void>;
  };
  readonly bots: {
    list(): Promise<readonly BotTarget[]>;
    watch(changed: (bots: readonly BotTarget[]) => void): () => void;
  };
  readonly store: Pick<Store, "pluginGet" | "pluginPut" | "pluginList">;
  commit(intake: Intake, also?: { readonly put?: Readonly<Record<string, unknown>> }): Promise<Committed>;
  report(subject: Subject, report: Report): void;
  step(step: StepDraft, bot?: string): void;
  readonly limiter: Limiter;
  readonly circuits?: Circuits | undefined;
  readonly fetch?: Fetch | undefined;
  /** Instead of the network: simulators. */
  readonly socket?: Host["socket"] | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Aborted when the connection closes: requests under way end then. */
  readonly signal: AbortSignal;
}

/** The world as one connection's plugin sees it. */
export function createHost(parts: HostParts): Host {
  const { connection, clock, limiter, log, redactor, signal } = parts;
  const own = connection.url === null ? null : originOf(connection.url);
  const allowed = (origin: string): boolean =>
    origin === own ||
    (parts.origins?.() ?? []).some((other) => URL.canParse(other) && new URL(other).origin === origin);

  return {
    connection,
    clock,
    log,
    signal,
    http: (origin) =>
      createHttp({
        origin,
        allowed,
        limiter,
        circuits: parts.circuits,
        clock,
        log,
        redactor,
        signal,
        fetch: parts.fetch,
        ...(parts.limits ? { limits: parts.limits } : {}),
      }),
    async socket(url, options = {}) {
      const { origin, target } = socketTarget(url);
      checkAllowed(origin, allowed);
      const { protocols, headers, signal: ended } = options;
      if (parts.socket) return parts.socket(url, options);
      const signals = ended ? [signal, ended] : [signal];
      const caller = callerOf(ended);
      const lease = await limiter.acquire({
        origin,
        as: caller?.as,
        deadline: caller?.deadline,
        signal: ended ?? signal,
      });
      // A socket is opened by who receives, and that has waits of its own.
      const pass = parts.circuits?.enter(origin, { patient: true });
      try {
        const socket = await openSocket({ url: target, protocols, headers, signals, clock });
        pass?.answered();
        return socket;
      } catch (error) {
        if (isBotyardError(error) && error.code === "unreachable") pass?.failed(error.message);
        else pass?.left();
        throw error;
      } finally {
        lease.done();
      }
    },
    hooks: {
      url: (path = "") => {
        if (parts.hooksUrl === null)
          throw new BotyardError(
            "operator_required",
            "The chat server has to reach Botyard, but no address for that is configured",
            {
              fix: "set hooks.publicUrl in botyard.yaml to the address under which the chat server reaches this machine",
            },
          );
        return `${parts.hooksUrl.replace(/\/+$/, "")}/hooks/${connection.id}${path === "" || path.startsWith("/") ? path : `/${path}`}`;
      },
    },
    credentials: {
      async find(query) {
        const found = await parts.credentials.find(query);
        if (found) redactor.add(found.secret);
        return found;
      },
      async put(credential) {
        redactor.add(credential.secret);
        await parts.credentials.put(credential);
      },
    },
    bots: parts.bots,
    store: createPluginStore(parts.store, connection.id),
    async commit(intake, also) {
      if (also?.put) checkEntries(also.put);
      return parts.commit(intake, also);
    },
    report: (subject, report) => parts.report(subject, report),
    step: (step, bot) => parts.step(step, bot),
    limit({ origin, ...state }) {
      const target = origin === undefined ? own : originOf(origin);
      // Limits are shared by all who speak to an origin: nobody sets those of a server that is not theirs.
      if (target !== null && allowed(target)) limiter.learn(target, state);
    },
  };
}
