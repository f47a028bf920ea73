import { BotyardError, type LoginRequest, type LoginStep } from "@botyard/sdk";
import { failure, readAnswer } from "./ocs.ts";
import { kinds, type State } from "./state.ts";
import { isObject, numberOf, objectOf, textOf } from "./wire.ts";

const retryMs = 2_000;
/** How long the server keeps a link; then it answers as if nobody had opened it yet. */
const linkLastsMs = 20 * 60_000;

/**
 * Login flow v2: a person opens a link, signs in as they always do, and grants an app password, which they can take back
 * in their security settings. No password is typed here.
 *
 * @see https://docs.nextcloud.com/server/latest/developer_manual/client_apis/LoginFlow/index.html#login-flow-v2
 */
export async function login(state: State, request: LoginRequest, signal: AbortSignal): Promise<LoginStep> {
  const { kind, state: before } = request;
  if (kind !== kinds.admin && kind !== kinds.account)
    throw new BotyardError("unsupported", `"${kind}" is not got by logging in`, {
      instead: `botyard credentials import ${state.host.connection.id} ${kind} --secret -`,
    });
  return before === null ? begin(state, kind, signal) : poll(state, request, before, signal);
}

async function begin(state: State, kind: string, signal: AbortSignal): Promise<LoginStep> {
  const answer = await state.http.request({
    method: "POST",
    path: "/index.php/login/v2",
    headers: { accept: "application/json", "ocs-apirequest": "true", "user-agent": "Botyard" },
    signal,
  });
  const body = objectOf(answer.json);
  const token = textOf(objectOf(body["poll"])["token"]);
  const url = textOf(body["login"]);
  if (answer.status !== 200 || token === "" || url === "")
    throw failure(readAnswer(answer), {
      what: "begin the login",
      because: "this Nextcloud offers no login by link",
      effect: "none",
    });
  return open(kind, url, { token, url, begun: state.host.clock.now() });
}

function open(kind: string, url: string, state: Readonly<Record<string, unknown>>): LoginStep {
  const whose =
    kind === kinds.admin ? "as an administrator or moderator" : "as the person whose account Botyard shall use";
  return {
    step: "open",
    title: `Open the link within 20 minutes, sign in ${whose}, and grant access`,
    url,
    retryMs,
    state,
  };
}

async function poll(
  state: State,
  { kind, account }: Pick<LoginRequest, "kind" | "account">,
  before: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<LoginStep> {
  const token = textOf(before["token"]);
  const answer = await state.http.request({
    method: "POST",
    path: "/index.php/login/v2/poll",
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: `token=${encodeURIComponent(token)}`,
    signal,
  });
  // Until it is granted, and after the link has died, the answer is the same.
  if (answer.status === 404) {
    const { clock, connection } = state.host;
    if (clock.now() - numberOf(before["begun"]) <= linkLastsMs) return open(kind, textOf(before["url"]), before);
    throw new BotyardError("gone", "nobody signed in within 20 minutes, and the link has died; nothing was kept", {
      fix: `botyard credentials login ${connection.id} ${kind}${account === null ? "" : ` --account ${account}`}`,
    });
  }
  const body = answer.json;
  if (answer.status !== 200 || !isObject(body) || textOf(body["appPassword"]) === "")
    throw failure(readAnswer(answer), { what: "finish the login", effect: "none" });
  const name = textOf(body["loginName"]);
  return { step: "done", credential: { kind, secret: `${name}:${textOf(body["appPassword"])}`, nativeId: name } };
}
