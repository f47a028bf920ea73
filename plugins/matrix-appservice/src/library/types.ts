import type { Clock, GapOutcome, HttpRequest, Log, ProbeReport } from "@botyard/sdk";
import type { Answers } from "../context.ts";
import type { Listening } from "../listener.ts";
import type { Memory } from "../memory.ts";
import type { RequestOptions } from "../methods/request.ts";
import type { Registration } from "../registration.ts";
import type { Fetch } from "./http.ts";
import type { AppEvent, DeadLetter } from "./inbox.ts";
import type { Intent } from "./intent.ts";
import type { Store } from "./store.ts";

export interface AppServiceOptions {
  /** The registration, or the path of its file. */
  readonly registration: Registration | string;
  readonly homeserverUrl: string;
  /** A path: one file, made where it is missing. Default: memory only, forgotten at the end. */
  readonly store?: Store | string;
  /** The part after the colon of user ids; needed where the registration's regexes do not end with it. */
  readonly serverName?: string;
  /** Pauses before a failed event is tried again; after the last it is a dead letter. Default 1 s, 5 s, 30 s, 2 min. */
  readonly retryMs?: readonly number[];
  /** Longest time one call waits where the homeserver slows us down. Default 5 minutes. */
  readonly longestWaitMs?: number;
  /** How often the homeserver is asked to call us, once started; 0: never. Default 1 minute. */
  readonly proveEveryMs?: number;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
  readonly log?: Log;
}

export type EventHandler = (event: AppEvent) => void | Promise<void>;

/** How a person acts. */
export interface PuppetOptions {
  readonly token?: string;
  /** Where their account lives, if not on the homeserver of the registration. */
  readonly baseUrl?: string;
}

/** One user of the application service, or a person: makes calls in their name. */
export interface AppServiceUser {
  readonly userId: string;
  /** A person with a token of their own: no `user_id` is sent, and what is written is marked. */
  readonly real: boolean;
  readonly parent: AppService | null;
  /** A new intent object each time; default of this user, with a token of a real user. Throws `invalid` for what is no user id. */
  intent(userId?: string, options?: PuppetOptions): Intent;
  request(method: HttpRequest["method"], path: string, options?: RequestOptions): Promise<unknown>;
  /** Of the application service; throws `invalid` on a real user. */
  user(userId: string): AppServiceUser;
  /** Throws `invalid` on a real user. */
  realUser(userId: string, token: string, baseUrl?: string): AppServiceUser;
  botIntent(): Intent;
}

/** An application service without Botyard's service: intents, its own store, its own way in. */
export interface AppService extends AppServiceUser {
  readonly registration: Registration;
  readonly serverName: string;
  readonly botUserId: string;
  /** Users asked for so far, by id. */
  readonly children: ReadonlyMap<string, AppServiceUser>;
  readonly realUsers: ReadonlyMap<string, AppServiceUser>;
  /** What is known of rooms and members. */
  readonly state: Memory;
  /** Whether the registration may act for a user. */
  owns(userId: string): boolean;
  /** A new transaction id, unique over the registration and over restarts. */
  nextTxnId(): string;
  /** Calls back for events of a kind, `*`: all. Own ones only with `own`. Answers what ends it. */
  on(type: AppEvent["type"] | "*", handler: EventHandler, options?: { readonly own?: boolean }): () => void;
  /** True: the user is registered before the homeserver hears it. */
  onUserQuery(answer: NonNullable<Answers["user"]>): void;
  onAliasQuery(answer: NonNullable<Answers["alias"]>): void;
  onThirdParty(answer: NonNullable<Answers["thirdParty"]>): void;
  /** Answers what a homeserver asks: for any web framework. */
  handle(request: Request): Promise<Response>;
  /** Listens by itself; the registration's `url` points here. */
  listen(at: { readonly port: number; readonly host?: string }): Promise<Listening>;
  /**
   * Begins to hand out events, and lets the homeserver deliver what it could not, now and after each outage. What was lost
   * is read from the rooms' history.
   */
  start(): Promise<ProbeReport | undefined>;
  /** What is right and wrong between us and the homeserver. */
  check(): Promise<ProbeReport>;
  /** Reads what was missed since a time from the history of each room. */
  catchUp(since: Date): Promise<readonly GapOutcome[]>;
  /** Resolves when nothing waits for a handler. */
  settled(): Promise<void>;
  deadLetters(): Promise<readonly DeadLetter[]>;
  revive(seq: number): Promise<boolean>;
  /** Ends calls under way, and the file of the store. */
  close(): Promise<void>;
}
