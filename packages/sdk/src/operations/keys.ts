import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { DurationMs, expected, page, pageInput, says } from "../schema.ts";
import { AuditEntry, Key, KeyPreset, KeyView, RevokedKey } from "../shapes/key.ts";

const name = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, expected("a name: a letter, then up to 63 of A-Z a-z 0-9 _ . -")),
);
const id = says(
  "Name or id of the key.",
  v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/, expected("the name or id of a key"))),
);

export const list = defineOperation({
  name: "keys.list",
  summary: "List the keys, without their secrets",
  run: "core",
  effect: "read",
  route: "GET /keys",
  cli: { columns: ["name", "preset", "createdAt", "expiresAt", "revokedAt", "lastUsedAt"] },
  input: v.strictObject({ ...pageInput }),
  output: page(Key),
});

export const get = defineOperation({
  name: "keys.get",
  summary: "Show one key and what it may do",
  run: "core",
  effect: "read",
  route: "GET /keys/{key}",
  input: v.strictObject({ key: id }),
  output: KeyView,
});

export const create = defineOperation({
  name: "keys.create",
  summary: "Make a key; its text is shown once",
  description:
    "`allow` takes operations (`messages.send`), `messages.*`, `events.read` (whatever only reads), `rooms.write` (whatever does not); `!` takes away again. Whole rooms are notified only with `act.mention-room`; others than managed bots act only with `act.user` or `act.account`. Nobody hands out more than they have.",
  run: "core",
  effect: "write",
  secretOutput: true,
  route: "POST /keys",
  cli: { positionals: ["name"] },
  input: v.strictObject({
    name: says("Your name for it.", name),
    preset: v.optional(says("What it may do at all: `reader, bot, operator, admin`; default `bot`.", KeyPreset)),
    allow: v.optional(says("Operations instead of the preset's: `messages.send`, `events.read`.", v.array(v.string()))),
    connection: v.optional(says("Only these connections; default: all.", v.array(v.string()))),
    bot: v.optional(says("Only these bots: `chat/helper`; default: all.", v.array(v.string()))),
    room: v.optional(says("Only these rooms: `chat/eng:ops`; default: all.", v.array(v.string()))),
    ratePerMinute: v.optional(
      says("At most this many calls a minute.", v.pipe(v.number(), v.integer(), v.minValue(1))),
    ),
    expiresMs: v.optional(says("Refused after this long; default: never.", DurationMs)),
    dryRun: v.optional(says("Make nothing: only say what the key might do.", v.boolean())),
  }),
  output: v.object({
    ...KeyView.entries,
    secret: says("The key's text, shown once; null where nothing was made.", v.nullable(v.string())),
  }),
});

export const revoke = defineOperation({
  name: "keys.revoke",
  summary: "Refuse a key from now on; its open streams end",
  run: "core",
  effect: "write",
  destructive: true,
  route: "POST /keys/{key}/revoke",
  input: v.strictObject({ key: id }),
  output: RevokedKey,
});

export const whoami = defineOperation({
  name: "keys.whoami",
  summary: "Show the key in use and what it may do",
  run: "core",
  effect: "read",
  route: "GET /whoami",
  input: v.strictObject({}),
  output: KeyView,
});

export const listAudit = defineOperation({
  name: "audit.list",
  summary: "List who did what, newest first",
  run: "core",
  effect: "read",
  route: "GET /audit",
  cli: { columns: ["time", "key", "operation", "connection", "bot", "room", "answer"] },
  input: v.strictObject({
    key: v.optional(says("Only what this key did, by name or id.", v.string())),
    operation: v.optional(
      says(
        "Only this operation: `messages.send`; `messages.*` takes all of a noun.",
        v.pipe(
          v.string(),
          v.regex(/^[a-z][a-z-]*\.(?:\*|[a-z-]+)$/, expected("an operation like messages.send or messages.*")),
        ),
      ),
    ),
    connection: v.optional(says("Only of this connection.", v.string())),
    answer: v.optional(
      says("Only with this answer: `ok`, `forbidden`; `error` takes whatever is not `ok`.", v.string()),
    ),
    sinceMs: v.optional(says("Only of the last so many milliseconds; on the command line `--since 1h`.", DurationMs)),
    ...pageInput,
  }),
  output: page(AuditEntry),
});
