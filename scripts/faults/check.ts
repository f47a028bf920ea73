import type { Seen } from "./reader.ts";
import type { Send } from "./sender.ts";
import type { Taken } from "./sink.ts";
import { toSeen } from "./reader.ts";

/** What was put in and what came out, of one run. */
export interface Facts {
  /** Messages people wrote on the homeserver, in order: all were acknowledged in the end. */
  readonly said: readonly { readonly id: string; readonly text: string }[];
  /** Messages whose signed copies were acknowledged. */
  readonly posted: ReadonlySet<string>;
  readonly seen: readonly Seen[];
  readonly taken: readonly Taken[];
  readonly sends: readonly Send[];
  /** Texts of all messages in the homeserver's room. */
  readonly texts: readonly string[];
  readonly forged: number;
}

function firsts(seen: readonly Seen[]): Seen[] {
  const known = new Set<string>();
  return seen.filter(({ event }) => !known.has(event) && known.add(event));
}

function outOfOrder(seen: readonly Seen[]): string[] {
  const last = new Map<string, Seen>();
  return firsts(seen).flatMap((one) => {
    const room = `${one.connection}/${one.room}`;
    const before = last.get(room);
    last.set(room, one);
    return before && before.seq > one.seq
      ? [`${one.event} (${one.seq}) came after ${before.event} (${before.seq})`]
      : [];
  });
}

/** Every promise that was not kept, as a sentence; none where all were. */
export function check(facts: Facts): string[] {
  const problems: string[] = [];
  const pulled = firsts(facts.seen).filter(({ type }) => type === "message.created");
  const hooked = firsts(facts.taken.map(({ body }) => toSeen(body))).filter(({ type }) => type === "message.created");

  for (const [name, list] of [
    ["pull", pulled],
    ["webhook", hooked],
  ] as const) {
    const byMessage = new Map<string, Set<string>>();
    for (const { connection, message, event } of list) {
      const key = `${connection}/${message}`;
      byMessage.set(key, (byMessage.get(key) ?? new Set()).add(event));
    }
    for (const [message, events] of byMessage)
      if (events.size > 1) problems.push(`${name}: ${message} is ${events.size} events: ${[...events].join(", ")}`);
    for (const { id, text } of facts.said)
      if (!byMessage.has(`hs/${id}`)) problems.push(`${name}: "${text}" (${id}) was acknowledged and never came`);
    for (const id of facts.posted)
      if (!byMessage.has(`chat/${id}`)) problems.push(`${name}: ${id} was acknowledged and never came`);
    problems.push(
      ...outOfOrder(name === "pull" ? facts.seen : facts.taken.map(({ body }) => toSeen(body))).map(
        (text) => `${name}: ${text}`,
      ),
    );
  }

  const order = facts.said.map(({ id }) => id);
  const came = pulled.filter(({ connection, own }) => connection === "hs" && !own).map(({ message }) => message ?? "");
  if (JSON.stringify(came) !== JSON.stringify(order.filter((id) => came.includes(id))))
    problems.push("pull: messages of the homeserver are not in the order they were written");

  for (const { text, state, operation } of facts.sends) {
    const count = facts.texts.filter((other) => other === text).length;
    if (count > 1) problems.push(`${text} was posted ${count} times (${operation})`);
    if (state === "sent" && count === 0) problems.push(`${text} was answered as sent and is not there (${operation})`);
    if (state === "open") problems.push(`${text} never came to an end (${operation})`);
    for (const echo of pulled.filter((one) => one.text === text))
      if (!echo.own) problems.push(`${text}: its own echo is not marked as own (${echo.event})`);
  }
  if (hooked.some(({ own }) => own)) problems.push("webhook: an own echo was sent to a webhook that does not want any");
  if (facts.forged > 0) problems.push(`webhook: ${facts.forged} requests were not signed as they should be`);
  return problems;
}
