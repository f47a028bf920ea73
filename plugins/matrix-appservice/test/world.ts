import { createFakeHost, type FakeHost } from "@botyard/testing";
import type { BotTarget, Call, Clock, HookRequest, HookResponse, Session } from "@botyard/sdk";
import type { Capabilities } from "../src/capabilities.ts";
import platform, { createRegistration, type Registration } from "../src/index.ts";
import { toService, type Settings } from "../src/settings.ts";
import { addHuman, createHomeserver, type Homeserver, type HomeserverOptions } from "../src/simulator/index.ts";
import { isObject, type JsonObject } from "../src/wire.ts";

export const registration: Registration = createRegistration({
  id: "botyard",
  url: "http://bots.test/hooks/matrix",
  serverName: "hs.test",
  bot: "botyard",
  users: ["bot_.*"],
});

export interface TestWorld {
  readonly hs: Homeserver;
  readonly host: FakeHost<Settings>;
  readonly session: Session<Capabilities>;
  /** Every request to the homeserver: `POST /_matrix/client/v3/register`. */
  readonly requests: string[];
  hook(request: Partial<HookRequest> & { readonly path: string }): Promise<HookResponse>;
  /** What a person does, by the client-server API. */
  person(name: string): Person;
  bot(handle: string): Promise<BotTarget>;
}

export interface Person {
  readonly id: string;
  call(method: string, path: string, body?: JsonObject): Promise<JsonObject>;
}

export interface WorldOptions {
  readonly settings?: Partial<Settings>;
  readonly homeserver?: Partial<HomeserverOptions>;
  readonly hooksUrl?: string | null;
  /** Ours; the homeserver has its own. */
  readonly clock?: Clock;
  /** Where the application service listens no more. */
  readonly deaf?: () => boolean;
}

export async function createWorld(options: WorldOptions = {}): Promise<TestWorld> {
  const open: { session?: Session<Capabilities> } = {};
  const requests: string[] = [];

  async function listener(request: Request): Promise<Response> {
    if (options.deaf?.() === true || open.session === undefined) throw new TypeError("connection refused");
    const url = new URL(request.url);
    const answer = await open.session.receive?.http?.({
      method: request.method,
      path: url.pathname.slice("/hooks/matrix".length),
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(request.headers),
      body: new Uint8Array(await request.arrayBuffer()),
    });
    return new Response(answer?.json === undefined ? (answer?.text ?? "") : JSON.stringify(answer.json), {
      status: answer?.status ?? 500,
    });
  }

  const hs = createHomeserver({ serverName: "hs.test", registration, push: listener, ...options.homeserver });
  const host = createFakeHost<Settings>({
    id: "matrix",
    url: "http://hs.test",
    ...(options.clock ? { clock: options.clock } : {}),
    hooksUrl: options.hooksUrl === undefined ? "http://bots.test" : options.hooksUrl,
    settings: { service: toService(registration), queries: "managed", ephemeral: true, ...options.settings },
    credentials: [
      { kind: "as-token", secret: registration.asToken },
      { kind: "hs-token", secret: registration.hsToken },
    ],
    fetch: (request) => {
      requests.push(`${request.method} ${decodeURIComponent(new URL(request.url).pathname)}`);
      return hs.fetch(request);
    },
  });
  const opened = await platform.open(host);
  open.session = opened;
  return {
    hs,
    host,
    session: opened,
    requests,
    hook: (request) =>
      opened.receive?.http?.({
        method: "PUT",
        query: {},
        headers: { authorization: `Bearer ${registration.hsToken}` },
        body: new TextEncoder().encode("{}"),
        ...request,
      }) ?? Promise.reject(new Error("no receiver")),
    person(name) {
      const { id, token } = addHuman(hs, name);
      return {
        id,
        async call(method, path, body) {
          const response = await hs.fetch(
            new Request(`http://hs.test/_matrix/client/v3${path}`, {
              method,
              headers: { authorization: `Bearer ${token}` },
              ...(body === undefined ? {} : { body: JSON.stringify(body) }),
            }),
          );
          await hs.settled();
          const json: unknown = await response.json();
          if (!response.ok) throw new Error(`${path} answered ${response.status} ${JSON.stringify(json)}`);
          return isObject(json) ? json : {};
        },
      };
    },
    async bot(handle) {
      const { bot } = await run(
        opened.operations["bots.create"],
        { connection: "matrix", handle, options: {} },
        call(),
      );
      const target: BotTarget = {
        handle,
        nativeId: bot.nativeId,
        username: bot.username,
        displayName: bot.displayName,
        description: null,
        enabled: true,
        generation: 1,
      };
      host.setBots([...(await host.bots.list()), target]);
      return target;
    },
  };
}

let effects = 0;

/** A call as the core makes it. */
export function call(
  more: {
    readonly bot?: BotTarget;
    readonly as?: BotTarget | string;
    readonly attempt?: number;
    readonly effectId?: string;
  } = {},
): Call {
  const { bot, as } = more;
  effects += 1;
  return {
    bot: bot ?? null,
    as:
      as === undefined
        ? null
        : typeof as === "string"
          ? { kind: "user", id: as, credential: null }
          : { kind: "bot", id: as.nativeId ?? "", handle: as.handle, credential: null },
    effectId: more.effectId ?? `01KB${String(effects).padStart(22, "0")}`,
    attempt: more.attempt ?? 1,
    deadline: Date.now() + 30_000,
    signal: new AbortController().signal,
  };
}

type Run<I, O> = (input: I, call: Call) => Promise<O>;

/** Preparations and the operation itself, as the core runs them. */
export async function run<I, O>(
  handler: Run<I, O> | { readonly prepare: Run<I, void>; readonly run: Run<I, O> },
  input: I,
  made: Call,
): Promise<O> {
  if (typeof handler === "function") return handler(input, made);
  await handler.prepare(input, made);
  return handler.run(input, made);
}
