import type { WireFrame } from "../wire.ts";
import { createStream, type Stream, type Unnumbered } from "./feed.ts";
import { count, Lost, type Model } from "./model.ts";
import { randomHeader, sign, signatureHeader } from "../signature.ts";

/** A post to a bot's hook URL, as it would go over the network. */
export interface HookPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Takes posts in place of the network; answers the status. */
export type Deliver = (post: HookPost) => Promise<number>;

export interface Delivery {
  publish(frame: Unnumbered): void;
  /** The stream of one bot, or the one of all. */
  stream(bot: string | null): Stream;
  streams(): readonly Stream[];
  /** Who takes posts to URLs that begin with `base`, in place of whoever did before. Call what comes back at its end. */
  deliverTo(base: string, deliver: Deliver): () => void;
}

/** Frames go into one stream for all bots or into one for each; those of a bot with a hook URL are posted there, once. */
export function createDelivery(model: Model): Delivery {
  const shared = createStream();
  const own = new Map<string, Stream>();
  const takers = new Map<string, Deliver>();

  const streamOf = (bot: string): Stream => {
    const known = own.get(bot);
    if (known) return known;
    const stream = createStream();
    own.set(bot, stream);
    if (model.users.get(bot)?.bot?.hookUrl != null) void pump(stream, bot);
    return stream;
  };

  const pump = async (stream: Stream, bot: string): Promise<void> => {
    let socket = stream.open({ after: null, mayResume: false });
    for (;;) {
      try {
        for (const frame of await socket.next()) await post(bot, frame);
      } catch (error) {
        if (!(error instanceof Lost)) throw error;
        socket = stream.open({ after: null, mayResume: false });
      }
    }
  };

  const post = async (bot: string, frame: WireFrame): Promise<void> => {
    const url = model.users.get(bot)?.bot?.hookUrl ?? null;
    const secret = [...model.tokens.values()].find(({ user }) => user === bot)?.token;
    const [, deliver] = [...takers].find(([base]) => url?.startsWith(`${base}/`)) ?? [];
    if (url === null || secret === undefined || !deliver) {
      count(model, "hook.lost");
      return;
    }
    const body = new TextEncoder().encode(JSON.stringify(frame));
    const random = crypto.randomUUID();
    const headers = {
      "content-type": "application/json",
      [randomHeader]: random,
      [signatureHeader]: await sign(secret, random, body),
    };
    const status = await deliver({ url, headers, body }).catch(() => 599);
    count(model, status >= 200 && status < 300 ? "hook.delivered" : "hook.failed");
  };

  return {
    publish(frame) {
      if (model.policy.install === "console") {
        // a bot does not hear itself
        const author = frame.op === "message" || frame.op === "message-edit" ? frame.message.author.user_id : null;
        for (const bot of frame.audience) if (bot !== author) streamOf(bot).publish(frame);
      } else if (model.policy.copies === "per-bot") {
        for (const bot of frame.audience) streamOf(bot).publish(frame);
      } else {
        shared.publish(frame);
      }
    },
    stream: (bot) => (bot === null ? shared : streamOf(bot)),
    streams: () => [shared, ...own.values()],
    deliverTo(base, deliver) {
      takers.set(base, deliver);
      return () => void (takers.get(base) === deliver && takers.delete(base));
    },
  };
}
