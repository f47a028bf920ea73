import type { LogEvent } from "../readers.ts";
import type { RoomEvent } from "./human.ts";

/** What everybody saw, put together when all is quiet. */
export interface Evidence {
  /** Text → event id, as the homeserver acknowledged it to the person. */
  readonly human: ReadonlyMap<string, string>;
  /** Text → message id, as Botyard acknowledged it to the bot's program. */
  readonly bot: ReadonlyMap<string, string>;
  /** Ids of the events Botyard acknowledged to the homeserver. */
  readonly pushed: ReadonlySet<string>;
  readonly history: readonly RoomEvent[];
  readonly log: readonly LogEvent[];
  readonly pulled: readonly LogEvent[];
  readonly streamed: readonly LogEvent[];
  readonly humanId: string;
  readonly botId: string;
}

/** One rule of the comparison: its name as it is printed, and what breaks it (nothing: it holds). */
export interface Rule {
  readonly name: string;
  readonly broken: (evidence: Evidence) => string[];
}

/** The promise, as rules: nothing acknowledged is lost, nothing is doubled. */
export const rules: readonly Rule[] = [
  {
    name: "what Botyard acknowledged to Synapse is in the log",
    broken: ({ pushed, history, log, humanId }) => {
      const logged = countBy(log, (event) => messageIdOf(event));
      return saidBy(history, humanId)
        .filter((event) => pushed.has(event.event_id) && !logged.has(event.event_id))
        .map((event) => `acknowledged and not in the log: ${textOf(event)} ${event.event_id}`);
    },
  },
  {
    name: "what Synapse acknowledged to the person is in the log",
    broken: ({ human, pushed, log }) => {
      const logged = countBy(log, (event) => messageIdOf(event));
      return [...human]
        .filter(([, id]) => !logged.has(id))
        .map(
          ([text, id]) =>
            `not in the log: ${text} ${id} ${pushed.has(id) ? "(pushed)" : "(never pushed, not filled from history)"}`,
        );
    },
  },
  {
    name: "nothing is in the log twice",
    broken: ({ log }) => [...twice(log.map(messageIdOf)), ...twice(log.map((event) => event.id))],
  },
  {
    name: "what Botyard acknowledged as sent is in the room, under that id",
    broken: ({ bot, history, botId }) => {
      const said = new Map(saidBy(history, botId).map((event) => [event.event_id, textOf(event)]));
      return [...bot]
        .filter(([text, id]) => said.get(id) !== text)
        .map(([text, id]) => `not in the room: ${text} ${id}`);
    },
  },
  {
    name: "nothing is in the room twice",
    broken: ({ history, humanId, botId }) => [
      ...twice(saidBy(history, botId).map(textOf)),
      ...twice(saidBy(history, humanId).map(textOf)),
    ],
  },
  {
    name: "the pulling program saw each message of the person",
    broken: ({ human, pulled }) => {
      const seen = countBy(pulled, messageIdOf);
      return [...human].filter(([, id]) => !seen.has(id)).map(([text]) => `not pulled: ${text}`);
    },
  },
  {
    name: "the streaming program saw each message of the person once",
    broken: ({ human, streamed }) => {
      const seen = countBy(streamed, messageIdOf);
      return [...human]
        .filter(([, id]) => seen.get(id) !== 1)
        .map(([text, id]) => `streamed ${seen.get(id) ?? 0} times: ${text}`);
    },
  },
];

/** The text of a message without the quotation some clients put before an answer. */
export function textOf(event: RoomEvent): string {
  return String(event.content["body"]).split("\n").at(-1) ?? "";
}

function saidBy(history: readonly RoomEvent[], sender: string): RoomEvent[] {
  return history.filter((event) => event.type === "m.room.message" && event.sender === sender);
}

function messageIdOf(event: LogEvent): string | undefined {
  return event.type === "message.created" ? event.message?.id : undefined;
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function twice(keys: readonly (string | undefined)[]): string[] {
  return [...countBy(keys, (key) => key)]
    .filter(([, count]) => count > 1)
    .map(([key, count]) => `${count} times: ${key}`);
}
