import * as v from "valibot";
import { CapabilityView } from "../capability.ts";
import { defineOperation } from "../operation.ts";
import { bot, connection, ConnectionId, expected, page, pageInput, room, says, Secret } from "../schema.ts";
import { Check, Connection, Continuity } from "../shapes/connection.ts";
import { Step } from "../shapes/step.ts";

const settings = v.optional(
  says("The platform's own settings, by its declared schema.", v.record(v.string(), v.unknown())),
);
const credentials = v.optional(
  says("Secrets by kind: the text itself, `env:NAME` or `file:PATH`.", v.record(v.string(), Secret)),
);
const url = says("Address of the chat server.", v.pipe(v.string(), v.url(), v.maxLength(2000)));
const files = v.optional(
  says(
    'A file the operator already has, by the platform\'s name of it; its text: `{"registration": "id: …"}`.',
    v.record(v.string(), Secret),
  ),
);
const hooksUrl = v.optional(
  v.nullable(
    says(
      "Where this chat server reaches the hooks listener, if not at the service's own address: `http://10.0.0.5:8471`. The path is added.",
      v.pipe(
        v.string(),
        v.maxLength(2000),
        v.regex(/^https?:\/\/[^\s?#]+$/, expected("an address like http://10.0.0.5:8471, without a query")),
      ),
    ),
  ),
);

export const list = defineOperation({
  name: "connections.list",
  summary: "List the connections and how they are",
  run: "core",
  effect: "read",
  route: "GET /connections",
  cli: { columns: ["id", "platform", "state", "since", "url"] },
  input: v.strictObject({ ...pageInput }),
  output: page(Connection),
});

export const get = defineOperation({
  name: "connections.get",
  summary: "Show one connection",
  run: "core",
  effect: "read",
  route: "GET /connections/{connection}",
  input: v.strictObject({ connection }),
  output: Connection,
});

export const create = defineOperation({
  name: "connections.create",
  summary: "Connect a chat server",
  description:
    "Saves the connection first, then opens and probes it. What a person has to do on the server comes back as steps; the connection then waits in state `awaiting_operator`.",
  run: "core",
  effect: "write",
  route: "POST /connections",
  cli: { positionals: ["platform", "url"], done: "connected  {id}  {platform}" },
  input: v.strictObject({
    id: v.optional(says("Our name for it, never changes; default: the platform's namespace.", ConnectionId)),
    platform: says("Id or namespace of the platform: `mattermost`, `matrix`.", v.string()),
    url: v.optional(url),
    settings,
    credentials,
    import: files,
    hooksUrl,
  }),
  output: v.object({ ...Connection.entries, opened: v.array(Step) }),
  errors: ["conflict", "unreachable", "unsupported"],
});

export const update = defineOperation({
  name: "connections.update",
  summary: "Change a connection's URL, settings, credentials or the address it is reached at",
  description:
    "A merge patch: what is absent stays, `null` clears. A file given by `import` replaces what it says. The session is opened again, and what now has to be done on the server comes back as steps.",
  run: "core",
  effect: "write",
  route: "PATCH /connections/{connection}",
  cli: { done: "updated  {id}" },
  input: v.strictObject({
    connection,
    url: v.optional(v.nullable(url)),
    settings,
    credentials,
    import: files,
    hooksUrl,
  }),
  output: v.object({ ...Connection.entries, opened: v.array(Step) }),
});

export const remove = defineOperation({
  name: "connections.delete",
  summary: "Forget a connection; nothing on the server is touched",
  run: "core",
  effect: "write",
  destructive: true,
  route: "DELETE /connections/{connection}",
  input: v.strictObject({ connection }),
  output: v.object({
    forgotten: says(
      "What Botyard no longer knows; the bots still exist on the server.",
      v.object({ bots: v.array(v.string()), credentials: v.number(), steps: v.number() }),
    ),
  }),
});

export const probe = defineOperation({
  name: "connections.probe",
  summary: "Look at the server: reachable, signed in, what it allows",
  run: "core",
  effect: "read",
  route: "POST /connections/{connection}/probe",
  input: v.strictObject({
    connection,
    level: v.optional(
      says("`active` also tries what a server may punish when wrong.", v.picklist(["passive", "active"])),
    ),
  }),
  output: v.object({
    server: v.object({ name: v.string(), version: v.nullable(v.string()) }),
    checks: v.array(Check),
    continuity: Continuity,
    steps: v.array(Step),
  }),
});

export const decode = defineOperation({
  name: "connections.decode",
  summary: "Decode kept intakes again, with the plugin as it is now",
  description:
    "After an upgrade, for what an older version of the plugin did not know. Events that are in the log stay as they are; what is new enters it now, with its own `time` and `backfilled: true`. Intakes are kept as long as `retention.raw` says.",
  run: "core",
  effect: "write",
  route: "POST /connections/{connection}/decode",
  cli: { done: "{intakes} intakes decoded  {events} new events" },
  input: v.strictObject({
    connection,
    from: v.optional(says("`next` of an answer before: where to go on.", v.pipe(v.string(), v.regex(/^\d{1,15}$/)))),
  }),
  output: v.object({
    intakes: says("Intakes that were decoded.", v.number()),
    events: says("Events that were not in the log before.", v.number()),
    unknown: says("Facts in them that this version does not know either.", v.number()),
    failed: says("Intakes that could not be opened or decoded; the log says why.", v.number()),
    next: v.optional(says("There are more: call again with it as `from`.", v.string())),
  }),
  errors: ["unsupported"],
});

export const capabilities = defineOperation({
  name: "connections.capabilities",
  summary: "Show what works here, for a bot, in a room",
  run: "core",
  effect: "read",
  route: "GET /connections/{connection}/capabilities",
  cli: { columns: ["operation", "support", "actsAs", "detail"] },
  input: v.strictObject({ connection, bot: v.optional(bot), room: v.optional(room) }),
  output: v.object({ items: v.array(CapabilityView) }),
});
