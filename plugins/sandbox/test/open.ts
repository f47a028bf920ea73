import { createFakeHost, fakeBot, type FakeHost } from "@botyard/testing";
import type { Acting, BotAnswer, BotTarget, Call, Session } from "@botyard/sdk";
import * as v from "valibot";
import type { Capabilities } from "../src/capabilities.ts";
import platform from "../src/index.ts";
import { settings, type Settings } from "../src/settings.ts";

/** A session over a fake host, with what tests need to make calls. */
export interface Opened {
  readonly host: FakeHost<Settings>;
  readonly session: Session<Capabilities>;
  /** Makes a bot and manages it. */
  makeBot(handle: string): Promise<BotTarget>;
  call(about?: Partial<Call>): Call;
  as(bot: BotTarget): Acting;
  /** Runs a handler by name. */
  run<T = unknown>(operation: string, input: object, call?: Call): Promise<T>;
  say(room: string, text: string, user?: string): Promise<string>;
}

let effects = 0;

export async function openSandbox(
  given: v.InferInput<typeof settings> = {},
  credentials: readonly { kind: string; secret: string }[] = [],
): Promise<Opened> {
  const host = createFakeHost({ id: "chat", settings: v.parse(settings, given), credentials });
  const session = await platform.open(host);
  const handlers = session.operations as unknown as Record<string, unknown>;

  const call = (about: Partial<Call> = {}): Call => ({
    bot: null,
    as: null,
    effectId: `EFFECT${String(++effects).padStart(20, "0")}`,
    attempt: 1,
    deadline: Date.now() + 10_000,
    signal: new AbortController().signal,
    ...about,
  });

  const run = async <T>(operation: string, input: object, about = call()): Promise<T> => {
    type Handler = (input: object, call: Call) => Promise<T>;
    const handler = handlers[operation] as Handler | { prepare: Handler; run: Handler };
    const full = { connection: "chat", ...input };
    if (typeof handler === "function") return handler(full, about);
    await handler.prepare(full, about);
    return handler.run(full, about);
  };

  return {
    host,
    session,
    call,
    run,
    as: (bot) => ({ kind: "bot", id: bot.nativeId ?? "", handle: bot.handle, credential: null }),
    async makeBot(handle) {
      const answer = await run<BotAnswer>("bots.create", { handle });
      for (const { kind, secret } of answer.credentials ?? []) host.addCredential({ kind, secret, bot: handle });
      const { native: _, owner: __, ...known } = answer.bot;
      const bot = fakeBot({ handle, ...known });
      host.setBots([...(await host.bots.list()), bot]);
      return bot;
    },
    say: async (room, text, user) =>
      (await run<{ message: string }>("sandbox.say", { room, text, ...(user === undefined ? {} : { user }) })).message,
  };
}
