import * as v from "valibot";
import {
  bot,
  connection,
  defineOperation,
  DurationMs,
  expected,
  message,
  NativeId,
  room,
  Text,
  user,
} from "@botyard/sdk";

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(20_000));
/** A person of the sandbox; default alice. */
const person = v.optional(user);

/** A message as only who looks into the server sees it. */
export const SandboxMessage = v.object({
  id: v.string(),
  user: v.string(),
  text: v.string(),
  format: v.picklist(["plain", "markdown", "html"]),
  time: v.string(),
  editedAt: v.nullable(v.string()),
  deleted: v.boolean(),
  /** What its sender gave to find it again; null for what people say. */
  reference: v.nullable(v.string()),
  replyTo: v.nullable(v.string()),
  thread: v.nullable(v.string()),
  silent: v.boolean(),
  files: v.array(v.object({ id: v.string(), name: v.string(), size: v.number() })),
  reactions: v.array(v.object({ emoji: v.string(), users: v.array(v.string()) })),
});
export interface SandboxMessage extends v.InferOutput<typeof SandboxMessage> {}

export const say = defineOperation({
  name: "sandbox.say",
  summary: "Write a message as a person",
  description: "The person enters an open room by speaking there. `@name` mentions.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/say",
  cli: { positionals: ["room", "text"], done: "said  message {message}" },
  input: v.strictObject({
    connection,
    room,
    text,
    user: person,
    replyTo: v.optional(NativeId),
    thread: v.optional(NativeId),
  }),
  output: v.object({ message: v.string(), room: v.string(), user: v.string(), time: v.string() }),
});

export const edit = defineOperation({
  name: "sandbox.edit",
  summary: "Change what a person wrote",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/edit",
  cli: { positionals: ["room", "message", "text"] },
  input: v.strictObject({ connection, room, message, text }),
  output: v.object({ message: v.string() }),
});

export const remove = defineOperation({
  name: "sandbox.delete",
  summary: "Delete a message as a person",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/delete",
  cli: { positionals: ["room", "message"] },
  input: v.strictObject({ connection, room, message, user: person }),
  output: v.object({ message: v.string() }),
});

export const react = defineOperation({
  name: "sandbox.react",
  summary: "React to a message as a person, or take it back",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/react",
  cli: { positionals: ["room", "message", "emoji"] },
  input: v.strictObject({
    connection,
    room,
    message,
    emoji: v.pipe(v.string(), v.regex(/^\S{1,64}$/u, expected("one emoji"))),
    user: person,
    remove: v.optional(v.boolean()),
  }),
  output: v.object({ changed: v.boolean() }),
});

export const operate = defineOperation({
  name: "sandbox.operate",
  summary: "Run a step's line at the server's console",
  description: "Plays the person on the server: `sandbox bot:install …`, `bot:uninstall`, `bot:state`, `bot:list`.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/operate",
  cli: { positionals: ["command"], done: "{output}" },
  input: v.strictObject({ connection, command: v.pipe(v.string(), v.minLength(1), v.maxLength(10_000)) }),
  output: v.object({ output: v.string() }),
});

export const fault = defineOperation({
  name: "sandbox.fault",
  summary: "Break the server on purpose",
  description: `One of:

- \`lose-answer\`: the next \`count\` calls named \`call\` are done, but their answer is lost, after \`delayMs\`
- \`fail-before\`: they answer \`status\` (429, 500 or 503) and nothing is done; \`delayMs\` is what a 429 asks to wait
- \`delay\`: they take \`delayMs\` longer
- \`deaf\`: open sockets stay open and say nothing any more · \`cut\`: they break · \`refuse-sockets\`: new ones are refused
- \`drop-events\`: the next \`count\` events reach nobody · \`hold\`, \`release\`: events wait, and come late
- \`odd-frame\`: an event of a kind that no client knows
- \`revoke\`: a secret stops working at once: of a \`bot\`, else the \`session\` given
- \`clear\`: armed calls are forgotten, sockets are taken again

\`bot\` is a handle: its own stream where each bot has one.`,
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/sandbox/fault",
  cli: { positionals: ["kind"] },
  input: v.strictObject({
    connection,
    kind: v.picklist([
      "lose-answer",
      "fail-before",
      "delay",
      "deaf",
      "cut",
      "refuse-sockets",
      "drop-events",
      "hold",
      "release",
      "odd-frame",
      "revoke",
      "clear",
    ]),
    /** The server's name of the call. */
    call: v.optional(
      v.picklist(["message.post", "message.page", "bot.create", "bot.list", "room.create", "file.put", "token.issue"]),
    ),
    count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
    status: v.optional(v.picklist([429, 500, 503])),
    delayMs: v.optional(DurationMs),
    bot: v.optional(bot),
    /** An owner session or account password that is taken back. */
    session: v.optional(v.pipe(v.string(), v.regex(/^(?:session|password)-[a-z0-9._-]+$/))),
  }),
  output: v.object({}),
});

export const transcript = defineOperation({
  name: "sandbox.transcript",
  summary: "Show all messages of a room as the server has them",
  description: "Oldest first, deleted ones too, also where no history may be read.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/sandbox/transcript",
  cli: { positionals: ["room"], columns: ["time", "user", "text", "id"] },
  input: v.strictObject({ connection, room }),
  output: v.object({ items: v.array(SandboxMessage) }),
});

export const effects = defineOperation({
  name: "sandbox.effects",
  summary: "Count what the server was asked and what came of it",
  description:
    "`message.post` counts calls, `posted` the messages they made, `replayed` those that were answered again.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/sandbox/effects",
  input: v.strictObject({ connection }),
  output: v.object({ counts: v.record(v.string(), v.number()) }),
});

/** Schemas of `options` and `native`. */
export const extras = {
  "bots.create": v.strictObject({
    /** A word shown beside the name. */
    badge: v.optional(v.pipe(Text, v.maxLength(16))),
  }),
  Bot: v.object({ badge: v.nullable(v.string()), hookUrl: v.nullable(v.string()) }),
  Event: v.object({ op: v.string() }),
};
