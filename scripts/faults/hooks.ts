import { randomBytes } from "node:crypto";
import { randomHeader, sign, signatureHeader } from "../../plugins/sandbox/src/signature.ts";
import type { WireFrame } from "../../plugins/sandbox/src/wire.ts";
import type { Random } from "./random.ts";

/**
 * A chat server that posts a signed copy to each bot and repeats what was not acknowledged: the sandbox's console
 * profile, outside of the process that is killed.
 */
export interface HookServer {
  /** One message, a copy for each bot. Returns its id. */
  say(text: string): string;
  /** Posts what was not acknowledged yet: shuffled, some of it twice. */
  deliver(): Promise<void>;
  waiting(): number;
  /** Ids of messages of which a copy was acknowledged. */
  readonly acknowledged: Set<string>;
}

export interface HookBot {
  readonly id: string;
  readonly secret: string;
  /** Address its copies go to. */
  readonly url: string;
}

const timeoutMs = 3_000;

export function createHookServer(bots: readonly HookBot[], room: string, random: Random): HookServer {
  const acknowledged = new Set<string>();
  let waiting: { readonly bot: HookBot; readonly id: string; readonly body: string }[] = [];
  let count = 0;

  const post = async (bot: HookBot, body: string): Promise<boolean> => {
    const nonce = randomBytes(8).toString("hex");
    const bytes = new TextEncoder().encode(body);
    const headers = { [randomHeader]: nonce, [signatureHeader]: await sign(bot.secret, nonce, bytes) };
    const answer = await fetch(bot.url, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(timeoutMs),
    }).catch(() => null);
    await answer?.arrayBuffer().catch(() => {});
    return answer?.status === 200;
  };

  return {
    acknowledged,
    waiting: () => waiting.length,
    say(text) {
      count += 1;
      const id = `m-${count}`;
      for (const [at, bot] of bots.entries()) {
        const frame: WireFrame = {
          seq: count * bots.length + at,
          at: new Date().toISOString(),
          room: {
            room_id: room,
            room_type: "channel",
            slug: "lobby",
            title: "lobby",
            space_id: null,
            topic: null,
            is_open: true,
            member_count: 3,
          },
          audience: [bot.id],
          op: "message",
          message: {
            message_id: id,
            room_id: room,
            author: { user_id: "alice", user_name: "alice", full_name: null, is_bot: false },
            sent_at: new Date().toISOString(),
            edited_at: null,
            body: text,
            markup: "plain",
            mentions: [],
            files: [],
            reply_to: null,
            reply_author: null,
            thread_root: null,
            reference: null,
            silent: false,
          },
        };
        waiting.push({ bot, id, body: JSON.stringify(frame) });
      }
      return id;
    },
    async deliver() {
      const round = waiting.toSorted(() => random.next() - 0.5);
      waiting = [];
      for (let at = 0; at < round.length; at += 8)
        await Promise.all(
          round.slice(at, at + 8).map(async (item) => {
            const good = await post(item.bot, item.body);
            if (!good) return void waiting.push(item);
            acknowledged.add(item.id);
            if (random.chance(0.15)) await post(item.bot, item.body);
          }),
        );
    },
  };
}
