import { BotyardError, halfDone, type Call, type InputOf, type Operations } from "@botyard/sdk";
import * as api from "./api.ts";
import { fillActions } from "./actions.ts";
import { actorOf, checkId, noSuch, type Actor, type Context } from "./context.ts";
import { iso } from "./decode.ts";
import { encodeKey, encodePost } from "./encode.ts";
import { splitText } from "./markdown.ts";
import { encodeMentions } from "./mentions.ts";
import { orUndefined, refusedWith } from "./request.ts";
import type { SendOptions } from "./settings.ts";
import { errorIds, type WirePost } from "./wire.ts";

type Input = InputOf<Operations["messages.send"]>;

/** How long the first of two equal posts may be under way. */
const pendingWaitMs = 200;
const pendingTries = 25;

/** Texts of the messages a text becomes. Throws `too_large` with the limit of this server. */
export function partsOf(context: Context, text: string): readonly string[] {
  const { maxRunes } = context.features;
  const length = [...text].length;
  if (length <= maxRunes) return [text];
  if (context.host.connection.settings.longMessages === "split") return splitText(text, maxRunes);
  throw new BotyardError("too_large", `the text has ${length} codepoints; this server takes at most ${maxRunes}`, {
    issues: [{ path: "text", expected: `at most ${maxRunes} codepoints` }],
    instead: `botyard connections update ${context.host.connection.id} -o longMessages=split`,
  });
}

export function checkFormat(format: string | undefined): void {
  if (format === "html")
    throw new BotyardError("unsupported_param", "Mattermost renders Markdown, not HTML; nothing was sent", {
      issues: [{ path: "format", expected: "markdown or plain" }],
    });
}

/** The first message of the thread that a message is in. */
async function rootOf({ on }: Actor, message: string): Promise<string> {
  const post = await orUndefined(api.getPost(on, checkId("message", message)));
  if (post === undefined) throw noSuch("message");
  return post.root_id || post.id;
}

/** Files that are unknown, or attached already, the server drops in silence: they are looked at first. */
export async function checkFiles({ on, id }: Actor, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const info = await orUndefined(api.getFileInfo(on, checkId("file", file)));
    if (info === undefined) throw noSuch("file");
    if (info.post_id)
      throw new BotyardError("conflict", `the file ${file} is attached to another message already; upload it again`, {
        issues: [{ path: "files", expected: `a file that ${id} uploaded and nobody attached` }],
      });
  }
}

async function post(
  context: Context,
  actor: Actor,
  wish: api.PostWish,
  key: (turn: number) => string,
): Promise<WirePost> {
  for (let tries = 0, turn = 0; ; tries += 1) {
    try {
      const made = await api.createPost(actor.on, { ...wish, pending_post_id: key(turn) });
      // Keys are shared by all users of the server: what comes back may be somebody else's.
      if (made.user_id === actor.id && made.channel_id === wish.channel_id) return made;
      if (turn > 0)
        throw new BotyardError("upstream", "Mattermost answered with somebody else's message; nothing was sent", {
          effect: "none",
        });
      turn = 1;
    } catch (error) {
      if (!refusedWith(error, errorIds.postPending) || tries >= pendingTries) throw error;
      await context.host.clock.sleep(pendingWaitMs, actor.on.signal);
    }
  }
}

/** Who may not post is told so; a room that is not there answers the same. */
export function notIn(context: Context, error: unknown, handle: string, room: string): unknown {
  if (!refusedWith(error, errorIds.permissions)) return error;
  return new BotyardError("forbidden", `${handle} is not in this room, or there is no such room`, {
    upstream: { status: 403, code: errorIds.permissions },
    fix: `botyard rooms add-bot ${context.host.connection.id}/${room} ${handle}`,
    cause: error,
  });
}

export async function send(context: Context, input: Input, call: Call): Promise<{ message: string; time: string }> {
  const actor = await actorOf(context, call.as, call.signal);
  const { room, thread, replyTo } = input;
  const text = await encodeMentions(context, actor.on, input.text, input.mentions);
  const { attachments, props, priority, type } = (input.options ?? {}) as SendOptions;
  const parts = partsOf(context, text);
  const files = (input.files ?? []).map(({ id }) => id);
  const root = thread ?? (replyTo ? await rootOf(actor, replyTo) : undefined);
  const filled = attachments === undefined ? undefined : await fillActions(context, actor.handle, attachments);
  let first: WirePost | undefined;
  for (const [at, part] of parts.entries()) {
    const last = at === parts.length - 1;
    const wish = encodePost({
      room,
      text: part,
      root: root ? checkId("message", root) : undefined,
      files: last ? files : [],
      effect: at === 0 ? call.effectId : `${call.effectId}.${at}`,
      options: {
        ...(props === undefined ? {} : { props }),
        ...(type === undefined ? {} : { type }),
        ...(last && filled !== undefined ? { attachments: filled.map((one) => ({ ...one })) } : {}),
        ...(at === 0 && priority !== undefined ? { priority } : {}),
      },
    });
    const made = await post(context, actor, wish, (turn) => encodeKey(actor.id, call.effectId, at, turn)).catch(
      (error: unknown) => {
        const known = notIn(context, error, actor.handle, room);
        if (first === undefined) throw known;
        // Begun anew after the server has forgotten its keys, the parts that are there would be doubled.
        const sent = at === 1 ? "was" : "were";
        throw halfDone(
          known,
          `${at} of ${parts.length} parts ${sent} sent, the first as ${first.id}; the rest was not`,
        );
      },
    );
    context.directory.setAuthor(made.id, actor.id);
    first ??= made;
    const dropped = last ? files.filter((file) => !(made.file_ids ?? []).includes(file)) : [];
    if (dropped.length > 0)
      throw new BotyardError(
        "conflict",
        `sent as ${made.id}, but the server dropped ${dropped.length} of ${files.length} files`,
        {
          effect: "applied",
        },
      );
  }
  if (first === undefined) throw new BotyardError("invalid", "there is nothing to send");
  return { message: first.id, time: iso(first.create_at) };
}
