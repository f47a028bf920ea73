import { BotyardError, isBotyardError, type Acting, type Call, type Host } from "@botyard/sdk";
import type { Api } from "./api.ts";
import type { Traits } from "./profiles.ts";
import type { Settings } from "./settings.ts";
import type { Server } from "./simulator/index.ts";
import type { WireAuth } from "./wire-calls.ts";

/** What the parts of an open session share. */
export interface State {
  readonly host: Host<Settings>;
  readonly api: Api;
  readonly traits: Traits;
  /** The server itself: a real plugin has none; here it takes sockets and the native operations that play people. */
  readonly server: Server;
}

/** Who manages bots, rooms and members. Throws `unauthenticated` where the owner's session is missing. */
export async function manager({ host, traits }: State): Promise<WireAuth> {
  if (traits.policy.management === "open") return { kind: "console" };
  const session = await host.credentials.find({ kind: "owner-session" });
  if (session) return { kind: "owner-session", token: session.secret };
  throw new BotyardError("unauthenticated", "This sandbox is managed by an owner session, and none is sealed.", {
    fix: importSession(host.connection.id),
  });
}

function importSession(connection: string): string {
  return `botyard credentials import ${connection} owner-session --secret -`;
}

/** The kind of credential a bot acts with. */
export function botKind({ traits }: Pick<State, "traits">): "bot-token" | "bot-secret" {
  return traits.policy.install === "console" ? "bot-secret" : "bot-token";
}

export async function authOf(state: State, as: Acting): Promise<WireAuth> {
  if (as.kind === "user") return { kind: "ghost", user_id: as.id };
  if (as.kind === "account") {
    if (as.credential) return { kind: "account", token: as.credential.secret };
    throw new BotyardError("unauthenticated", `No password of the account "${as.id}" is sealed.`);
  }
  return botAuth(state, as.handle ?? as.id, as.credential);
}

export async function botAuth(state: State, handle: string, known?: Acting["credential"]): Promise<WireAuth> {
  const kind = botKind(state);
  const credential = known?.kind === kind ? known : await state.host.credentials.find({ kind, bot: handle });
  if (credential) return { kind: "bot", token: credential.secret };
  const { id } = state.host.connection;
  throw new BotyardError("unauthenticated", `No ${kind} of ${id}/${handle} is sealed.`, {
    fix: `botyard credentials ${kind === "bot-token" ? "issue" : "rotate"} ${id}/${handle}`,
  });
}

/** Makes a call in the actor's name; says which credential it was when the server refuses it. */
export async function acting<T>(state: State, call: Pick<Call, "as">, run: (auth: WireAuth) => Promise<T>): Promise<T> {
  if (!call.as) throw new BotyardError("invalid", "The call has to be made in somebody's name: give `as`.");
  const auth = await authOf(state, call.as);
  return told(state, auth, call.as, () => run(auth));
}

/** Makes a call in the actor's name where one is given, else as who manages. */
export async function managing<T>(
  state: State,
  call: Pick<Call, "as">,
  run: (auth: WireAuth) => Promise<T>,
): Promise<T> {
  if (call.as) return acting(state, call, run);
  const auth = await manager(state);
  return told(state, auth, null, () => run(auth));
}

async function told<T>(state: State, auth: WireAuth, as: Acting | null, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "unauthenticated") throw error;
    // the right secret for another call: nothing is wrong with it
    if (error.details.upstream?.code === "wrong_kind") throw error;
    const { id } = state.host.connection;
    const fix =
      auth.kind === "owner-session"
        ? importSession(id)
        : `botyard credentials ${botKind(state) === "bot-token" ? "issue" : "rotate"} ${id}/${as?.handle ?? "<bot>"}`;
    const whose = auth.kind === "owner-session" ? "owner-session" : botKind(state);
    throw new BotyardError("unauthenticated", `The sandbox refuses the ${whose}: it was revoked or is not known.`, {
      ...error.details,
      fix,
      cause: error,
    });
  }
}

/** Managed bots by the server's id: what a frame's audience is in our words. */
export async function handlesById({ host }: Pick<State, "host">): Promise<ReadonlyMap<string, string>> {
  const bots = await host.bots.list();
  return new Map(bots.flatMap(({ nativeId, handle }) => (nativeId === null ? [] : [[nativeId, handle] as const])));
}

export async function idsByHandle({ host }: Pick<State, "host">): Promise<ReadonlyMap<string, string>> {
  return new Map([...(await handlesById({ host }))].map(([id, handle]) => [handle, id] as const));
}
