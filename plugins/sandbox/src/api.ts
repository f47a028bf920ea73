import { BotyardError, type ErrorCode } from "@botyard/sdk";
import type { Server } from "./simulator/index.ts";
import type { CallName, Calls, WireAuth, WireError } from "./wire-calls.ts";

type Ask<K extends CallName> = (
  auth: WireAuth,
  args: Calls[K]["args"],
  signal?: AbortSignal,
) => Promise<Calls[K]["answer"]>;

/** One function for each call of the server. They throw BotyardError with what is known about the effect. */
export interface Api {
  readonly serverInfo: Ask<"server.info">;
  readonly openSession: Ask<"session.open">;
  readonly checkSession: Ask<"session.check">;
  readonly listBots: Ask<"bot.list">;
  readonly createBot: Ask<"bot.create">;
  readonly changeBot: Ask<"bot.change">;
  readonly destroyBot: Ask<"bot.destroy">;
  readonly assignBot: Ask<"bot.assign">;
  readonly retireBot: Ask<"bot.retire">;
  readonly recruitBot: Ask<"bot.recruit">;
  readonly putIcon: Ask<"icon.put">;
  readonly getIcon: Ask<"icon.get">;
  readonly dropIcon: Ask<"icon.drop">;
  readonly issueToken: Ask<"token.issue">;
  readonly switchTokens: Ask<"token.switch">;
  readonly revokeTokens: Ask<"token.revoke">;
  readonly listRooms: Ask<"room.list">;
  readonly getRoom: Ask<"room.get">;
  readonly createRoom: Ask<"room.create">;
  readonly changeRoom: Ask<"room.change">;
  readonly openDirect: Ask<"room.direct">;
  readonly listMembers: Ask<"member.list">;
  readonly putMember: Ask<"member.put">;
  readonly dropMember: Ask<"member.drop">;
  readonly pardonMember: Ask<"member.pardon">;
  readonly postMessage: Ask<"message.post">;
  readonly editMessage: Ask<"message.edit">;
  readonly removeMessage: Ask<"message.remove">;
  readonly getMessage: Ask<"message.get">;
  readonly pageMessages: Ask<"message.page">;
  readonly markSeen: Ask<"message.seen">;
  readonly putPin: Ask<"pin.put">;
  readonly dropPin: Ask<"pin.drop">;
  readonly listPins: Ask<"pin.list">;
  readonly putReaction: Ask<"reaction.put">;
  readonly dropReaction: Ask<"reaction.drop">;
  readonly listReactions: Ask<"reaction.list">;
  readonly putFile: Ask<"file.put">;
  readonly getFile: Ask<"file.get">;
  readonly putTyping: Ask<"typing.put">;
  readonly putPresence: Ask<"presence.put">;
  readonly getPresence: Ask<"presence.get">;
  readonly listUsers: Ask<"user.list">;
  readonly getUser: Ask<"user.get">;
  readonly ensureUser: Ask<"user.ensure">;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
};

/** The server's refusal in our words. Its own text says nothing secret here; with a real server it goes to the log only. */
export function fromWireError({ status, code, text, retry_after_ms }: WireError): BotyardError {
  // 500 may come after the work was done; a reference that was used up may belong to an attempt that went through
  const unknown = status === 500 || code === "duplicate_reference";
  return new BotyardError(codes[status] ?? "upstream", `The sandbox refused the call: ${text}.`, {
    effect: unknown ? "unknown" : "none",
    upstream: { status, code },
    ...(retry_after_ms === undefined ? {} : { retryAfterMs: retry_after_ms }),
  });
}

export function createApi(server: Server): Api {
  const ask =
    <K extends CallName>(call: K): Ask<K> =>
    async (auth, args, signal) => {
      const answer = await server.request(call, auth, args, signal);
      if (answer.ok) return answer.body;
      if (answer.ok === false) throw fromWireError(answer.error);
      throw new BotyardError("timeout", "The connection broke before the sandbox had answered; it may have done it.", {
        effect: "unknown",
      });
    };
  return {
    serverInfo: ask("server.info"),
    openSession: ask("session.open"),
    checkSession: ask("session.check"),
    listBots: ask("bot.list"),
    createBot: ask("bot.create"),
    changeBot: ask("bot.change"),
    destroyBot: ask("bot.destroy"),
    assignBot: ask("bot.assign"),
    retireBot: ask("bot.retire"),
    recruitBot: ask("bot.recruit"),
    putIcon: ask("icon.put"),
    getIcon: ask("icon.get"),
    dropIcon: ask("icon.drop"),
    issueToken: ask("token.issue"),
    switchTokens: ask("token.switch"),
    revokeTokens: ask("token.revoke"),
    listRooms: ask("room.list"),
    getRoom: ask("room.get"),
    createRoom: ask("room.create"),
    changeRoom: ask("room.change"),
    openDirect: ask("room.direct"),
    listMembers: ask("member.list"),
    putMember: ask("member.put"),
    dropMember: ask("member.drop"),
    pardonMember: ask("member.pardon"),
    postMessage: ask("message.post"),
    editMessage: ask("message.edit"),
    removeMessage: ask("message.remove"),
    getMessage: ask("message.get"),
    pageMessages: ask("message.page"),
    markSeen: ask("message.seen"),
    putPin: ask("pin.put"),
    dropPin: ask("pin.drop"),
    listPins: ask("pin.list"),
    putReaction: ask("reaction.put"),
    dropReaction: ask("reaction.drop"),
    listReactions: ask("reaction.list"),
    putFile: ask("file.put"),
    getFile: ask("file.get"),
    putTyping: ask("typing.put"),
    putPresence: ask("presence.put"),
    getPresence: ask("presence.get"),
    listUsers: ask("user.list"),
    getUser: ask("user.get"),
    ensureUser: ask("user.ensure"),
  };
}
