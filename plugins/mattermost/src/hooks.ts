import type { HookRequest, HookResponse } from "@botyard/sdk";
import { actionProof, proofKey } from "./actions.ts";
import type { Context } from "./context.ts";
import { decodeHook, isHookKind, readText, toRawId } from "./hook-bodies.ts";
import { newInvocation, type KeptInvocation } from "./invocations.ts";
import { derive, hookSecret, isSame, type HookKind } from "./secrets.ts";
import { isFields, textOf, type Fields } from "./wire.ts";

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
    if (!isHookKind(kind) || more.length > 0) return notFound;
    if (!isSame(given, derive(await hookSecret(context), `${kind}/${bot}`))) return notFound;
    const target = (await host.bots.list()).find(({ handle }) => handle === bot);
    if (target === undefined) return notFound;
    const body = readBody(request);
    if (body === undefined) return { status: 400, text: "the body is neither JSON nor a form" };
    const made = newInvocation();
    const event = decodeHook(kind, body, { bot, id: made.id, now: host.clock.now(), room: context.directory.room });
    if (event === null) return { status: 400, text: "the body is not what Mattermost sends" };
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
        id: toRawId(kind, made.id),
        bots: [bot],
        raw: request.method === "GET" ? new URLSearchParams(request.query).toString() : request.body,
        events: [event],
      },
      { put: { [made.key]: kept } },
    );
    return neutral[kind];
  };
}

function readBody({ body, headers, query, method }: HookRequest): Fields | undefined {
  if (method === "GET") return query;
  return readText(new TextDecoder().decode(body), headers["content-type"]);
}

/** Actions carry no token and no signature: what we put into their context has to come back. */
async function isProven(context: Context, bot: string, body: Fields): Promise<boolean> {
  const proof = isFields(body["context"]) ? textOf(body["context"][proofKey]) : undefined;
  return proof !== undefined && isSame(proof, await actionProof(context, bot));
}

/** The id in the answer's address: the address itself lets anybody post. */
function answerOf(body: Fields): string | null {
  return /\/hooks\/commands\/([a-z0-9]{26})$/.exec(textOf(body["response_url"]) ?? "")?.[1] ?? null;
}
