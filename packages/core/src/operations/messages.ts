import { createHash } from "node:crypto";
import { BotyardError, type Message, type NativeMessage, type SentMessage } from "@botyard/sdk";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { digestOf } from "../invoke/ledger.ts";
import { visibleEvent } from "./visible.ts";

function known(call: CallContext, message: NativeMessage): Message {
  const connection = call.target?.connection.id ?? "";
  const bot = (id: string): string | null => call.core.registry.botByNativeId(connection, id)?.handle ?? null;
  return {
    ...message,
    sender: { ...message.sender, bot: bot(message.sender.id) },
    content: {
      ...message.content,
      mentions: message.content.mentions.map((mention) => {
        const handle = mention.id === undefined ? null : bot(mention.id);
        return handle === null ? mention : { ...mention, kind: "bot" as const, bot: handle };
      }),
    },
  };
}

async function knownPage(call: CallContext): Promise<{ items: Message[]; next?: string }> {
  const page = (await call.perform()) as { items: NativeMessage[]; next?: string };
  return { ...page, items: page.items.map((message) => known(call, message)) };
}

/** The public answer to a send, from what the platform answered. */
export function toSent(
  row: { readonly id: string } | null,
  connection: string,
  room: string,
  answer: { readonly message?: unknown; readonly time?: unknown },
): SentMessage {
  return {
    operation: row?.id ?? "",
    status: "sent",
    connection,
    room,
    message: typeof answer.message === "string" ? answer.message : null,
    time: typeof answer.time === "string" ? answer.time : null,
  };
}

export const messages: CoreHandlers<"messages"> = {
  async "messages.send"(input, call) {
    const answer = (await call.perform()) as { message: string | null; time?: string | null };
    call.reply.status = 201;
    return toSent(call.row, input.connection, call.target?.room ?? input.room, answer);
  },

  async "messages.reply"({ event: id, as, ...content }, call) {
    const event = await visibleEvent(call, id);
    if (!event.room || !event.message)
      throw new BotyardError("invalid", `a reply answers a message; ${id} is ${event.type}`, {
        issues: [{ path: "event", expected: "an event of a message" }],
      });
    const bot =
      as ?? (event.addressed.length === 1 ? event.addressed[0] : event.bots.length === 1 ? event.bots[0] : undefined);
    const input = {
      connection: event.connection,
      room: event.room.id,
      ...(bot ? { as: bot } : {}),
      ...(event.message.thread ? { thread: event.message.thread } : {}),
      ...content,
    };
    const byDefault = createHash("sha256")
      .update(`${id}\u0000${bot ?? ""}\u0000${digestOf("messages.reply", content)}`)
      .digest("hex");
    // With the request in the line, the way from an event to the ledger row of its answer.
    call.core.logger.debug("an event is answered", { event: id, connection: event.connection, bot });
    const result = await call.core.invoke("messages.send", input, {
      principal: call.principal,
      request: call.request,
      granted: true,
      idempotencyKey: call.idempotencyKey ?? `reply:${byDefault}`,
      deadlineMs: Math.max(1, call.deadline - call.core.clock.now()),
      ...(call.wait === false ? { wait: call.wait } : {}),
    });
    call.reply.status = result.status;
    call.reply.replayed = result.replayed;
    if (result.location) call.reply.location = result.location;
    return result.value as SentMessage;
  },

  async "messages.get"(_, call) {
    return known(call, (await call.perform()) as NativeMessage);
  },

  "messages.list": (_, call) => knownPage(call),
  "messages.list-pins": (_, call) => knownPage(call),
};
