import type { Event } from "../../packages/sdk/src/index.ts";

/** A message that the server acknowledged. */
export interface Said {
  readonly id: string;
  /** The last one. */
  text: string;
  edited: boolean;
  deleted: boolean;
}

/** What the server acknowledged and the consumer was not given once. */
export function check(said: readonly Omit<Said, "edited">[], events: readonly Event[]): string[] {
  const problems: string[] = [];
  const created = new Map<string, number>();
  const latest = new Map<string, string>();
  const gone = new Set<string>();
  const ids = new Set<string>();
  const facts = new Set<string>();
  for (const event of events) {
    if (ids.has(event.id)) continue;
    ids.add(event.id);
    const message = event.message?.id ?? "";
    if (event.type === "message.created") created.set(message, (created.get(message) ?? 0) + 1);
    if (event.type === "message.deleted") gone.add(message);
    if (event.type === "message.created" || event.type === "message.updated") {
      latest.set(message, event.content?.text ?? "");
      const fact = `${event.type} ${message} ${event.content?.text ?? ""}`;
      if (facts.has(fact)) problems.push(`doubled: ${fact}`);
      facts.add(fact);
    }
  }
  for (const { id, text, deleted } of said) {
    const times = created.get(id) ?? 0;
    if (times > 1) problems.push(`"${text}" (${id}) came ${times} times`);
    if (deleted ? !gone.has(id) : times === 0) problems.push(`"${text}" (${id}) was acknowledged and never came`);
    if (!deleted && times > 0 && latest.get(id) !== text && !facts.has(`message.updated ${id} ${text}`))
      problems.push(`the last change of ${id} never came: "${text}"`);
  }
  return problems;
}
