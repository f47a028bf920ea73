import { call, isSuccess, toError, toRequest, type Caller } from "../request.ts";
import { path } from "../path.ts";
import type { WireCommand, WireIncomingHook, WireOutgoingHook, WireStatusOk } from "../wire.ts";

type Wish = Readonly<Record<string, unknown>>;

export const createCommand = (on: Caller, wish: Wish): Promise<WireCommand> =>
  call(on, { method: "POST", path: "/commands", json: wish });

export const listCommands = (on: Caller, team: string): Promise<readonly WireCommand[]> =>
  call(on, { method: "GET", path: "/commands", query: { team_id: team, custom_only: true } });

export const deleteCommand = (on: Caller, command: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/commands/${command}` });

export const regenerateCommandToken = (on: Caller, command: string): Promise<{ readonly token: string }> =>
  call(on, { method: "PUT", path: path`/commands/${command}/regen_token` });

export const createIncomingHook = (on: Caller, wish: Wish): Promise<WireIncomingHook> =>
  call(on, { method: "POST", path: "/hooks/incoming", json: wish });

export const listIncomingHooks = (on: Caller, page: number, perPage: number): Promise<readonly WireIncomingHook[]> =>
  call(on, { method: "GET", path: "/hooks/incoming", query: { page, per_page: perPage } });

export const deleteIncomingHook = (on: Caller, hook: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/hooks/incoming/${hook}` });

export const createOutgoingHook = (on: Caller, wish: Wish): Promise<WireOutgoingHook> =>
  call(on, { method: "POST", path: "/hooks/outgoing", json: wish });

export const listOutgoingHooks = (
  on: Caller,
  team: string,
  page: number,
  perPage: number,
): Promise<readonly WireOutgoingHook[]> =>
  call(on, { method: "GET", path: "/hooks/outgoing", query: { team_id: team, page, per_page: perPage } });

export const deleteOutgoingHook = (on: Caller, hook: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: path`/hooks/outgoing/${hook}` });

/** The trigger is the credential; no session is needed. */
export const openDialog = (on: Caller, wish: Wish): Promise<WireStatusOk> =>
  call(on, { method: "POST", path: "/actions/dialogs/open", json: wish });

/** Answered with the text `ok`, without the id of a post. The address is the credential. */
async function postTo(on: Caller, address: string, body: Wish): Promise<void> {
  const { token: _, ...anonymous } = on;
  const response = await on.http.request(toRequest(anonymous, { method: "POST", path: address, json: body }, ""));
  if (!isSuccess(response.status)) throw toError("POST", response);
}

export const postIncoming = (on: Caller, hook: string, body: Wish): Promise<void> =>
  postTo(on, path`/hooks/${hook}`, body);

/** Answers a slash command later, and more than once for a while. */
export const answerCommand = (on: Caller, id: string, body: Wish): Promise<void> =>
  postTo(on, path`/hooks/commands/${id}`, body);
