import type { EventDraft, EventRoom, HookRequest, HookResponse, Invocation } from "@botyard/sdk";
import { actionProof, proofKey } from "./actions.ts";
import type { Context } from "./context.ts";
import { iso } from "./decode.ts";
import { newInvocation, type KeptInvocation } from "./invocations.ts";
import { derive, hookSecret, isSame, type HookKind } from "./secrets.ts";
import { inner, isFields, textOf, type Fields } from "./wire.ts";

const notFound: HookResponse = { status: 404, text: "not found" };
/** The server shows an error to the person for an empty answer to a command. */
const neutral: Readonly<Record<HookKind, HookResponse>> = {
  command: { status: 200, json: { response_type: "ephemeral", text: "" } },
  action: { status: 200, json: {} },
  dialog: { status: 200, json: {} },
  webhook: { status: 200, json: {} },
};

/** Answers the server's own requests at once: they never wait for a program. */
export function createHooks(context: Context): (request: HookRequest) => Promise<HookResponse> {
  const { host } = context;
  return async (request) => {
    const [, kind = "", bot = "", given = "", ...more] = request.path.split("/");
    if (!isKind(kind) || more.length > 0) return notFound;
    if (!isSame(given, derive(await hookSecret(context), `${kind}/${bot}`))) return notFound;
    const target = (await host.bots.list()).find(({ handle }) => handle === bot);
    if (target === undefined) return notFound;
    const body = readBody(request);
    if (body === undefined) return { status: 400, text: "the body is neither JSON nor a form" };
    const made = newInvocation();
    const read = readers[kind](body, made.id);
    if (read === null) return { status: 400, text: "the body is not what Mattermost sends" };
    if (kind === "action" && !(await isProven(context, bot, body))) return notFound;
    // A trigger word of an outgoing webhook in a post of ours would go round for ever.
    const own = (await host.bots.list()).some(
      ({ nativeId }) => nativeId !== null && nativeId === textOf(body["user_id"]),
    );
    if (kind === "webhook" && own) return neutral[kind];
    const kept: KeptInvocation = { answer: answerOf(body), at: host.clock.now() };
    await host.commit(
      {
        via: "webhook",
        id: made.id,
        bots: [bot],
        raw: request.body,
        events: [draftOf(context, kind, bot, body, read, made.id)],
      },
      { put: { [made.key]: kept } },
    );
    return neutral[kind];
  };
}

const isKind = (text: string): text is HookKind => Object.hasOwn(neutral, text);

function readBody({ body, headers, query, method }: HookRequest): Fields | undefined {
  if (method === "GET") return query;
  const text = new TextDecoder().decode(body);
  if ((headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded"))
    return Object.fromEntries(new URLSearchParams(text));
  return inner(text);
}

/** Actions carry no token and no signature: what we put into their context has to come back. */
async function isProven(context: Context, bot: string, body: Fields): Promise<boolean> {
  const proof = isFields(body["context"]) ? textOf(body["context"][proofKey]) : undefined;
  return proof !== undefined && isSame(proof, await actionProof(context, bot));
}

type Read = Omit<Invocation, "id">;

const some = (name: "text" | "trigger", value: unknown): Partial<Read> =>
  typeof value === "string" && value !== "" ? { [name]: value } : {};

const readers: Readonly<Record<HookKind, (body: Fields, id: string) => Read | null>> = {
  command: (body) => {
    const name = textOf(body["command"]);
    if (name === undefined || textOf(body["user_id"]) === undefined) return null;
    const known = new Set([
      "command",
      "text",
      "trigger_id",
      "token",
      "response_url",
      "user_id",
      "user_name",
      "channel_id",
      "channel_name",
    ]);
    const payload = Object.fromEntries(Object.entries(body).filter(([key, value]) => !known.has(key) && value !== ""));
    return { kind: "command", name, ...some("text", body["text"]), ...some("trigger", body["trigger_id"]), payload };
  },
  action: (body) => {
    if (textOf(body["user_id"]) === undefined || textOf(body["post_id"]) === undefined) return null;
    const {
      [proofKey]: _,
      botyard_action: name,
      selected_option: selected,
      ...payload
    } = isFields(body["context"]) ? body["context"] : {};
    return {
      kind: body["type"] === "select" ? "select" : "button",
      name: textOf(name) ?? "",
      ...some("text", selected),
      ...some("trigger", body["trigger_id"]),
      payload,
    };
  },
  dialog: (body) => {
    if (body["type"] !== "dialog_submission" || textOf(body["user_id"]) === undefined) return null;
    const { submission, cancelled, state } = body;
    return {
      kind: "dialog",
      name: textOf(body["callback_id"]) ?? "",
      payload: {
        submission: isFields(submission) ? submission : {},
        cancelled: cancelled === true,
        state: textOf(state) ?? "",
      },
    };
  },
  webhook: (body) => {
    const text = textOf(body["text"]);
    if (text === undefined || textOf(body["user_id"]) === undefined) return null;
    return {
      kind: "command",
      name: textOf(body["trigger_word"]) ?? "",
      text,
      payload: { message: textOf(body["post_id"]) ?? "" },
    };
  },
};

function draftOf(context: Context, kind: HookKind, bot: string, body: Fields, read: Read, id: string): EventDraft {
  const channel = textOf(body["channel_id"]) ?? "";
  const parent = textOf(body["team_id"]);
  const team = textOf(body["team_domain"]);
  const name = textOf(body["channel_name"]);
  const seen: EventRoom = {
    id: channel,
    ...(parent ? { parent } : {}),
    ...(team && name ? { handle: `${team}:${name}` } : {}),
  };
  const handle = textOf(body["user_name"]);
  const post = textOf(body["post_id"]);
  // An outgoing webhook tells of one post: two deliveries of it are one event.
  const key = kind === "webhook" && post ? { kind: "webhook", id: `${post}/${bot}` } : { kind: "invocation", id };
  return {
    key,
    type: kind === "command" || kind === "webhook" ? "command.invoked" : "action.invoked",
    time: iso(context.host.clock.now()),
    room: channel === "" ? null : (context.directory.room(channel) ?? seen),
    actor: { id: textOf(body["user_id"]) ?? "", kind: "user", ...(handle === undefined ? {} : { handle }) },
    ...(post ? { message: { id: post } } : {}),
    invocation: { id, ...read },
    bots: [bot],
    native: { event: kind },
  };
}

/** The id in the answer's address: the address itself lets anybody post. */
function answerOf(body: Fields): string | null {
  return /\/hooks\/commands\/([a-z0-9]{26})$/.exec(textOf(body["response_url"]) ?? "")?.[1] ?? null;
}
