import * as v from "valibot";
import { defineOperation } from "../operation.ts";
import { expected, page, pageInput, says } from "../schema.ts";
import { Check } from "../shapes/connection.ts";
import { Plugin, PluginChange } from "../shapes/plugin.ts";

const plugin = says(
  "Id of the plugin.",
  v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/, expected("the id of a plugin"))),
);
const dryRun = v.optional(says("Change nothing: only say what it is and what it asks for.", v.boolean()));
const integrity = v.optional(
  says(
    "Refuse what is not this, as a dry run answered it: `sha512-…`.",
    v.pipe(v.string(), v.regex(/^sha512-[A-Za-z0-9+/]{86}==$/, expected("sha512-…"))),
  ),
);
const downgrade = v.optional(says("Also where it is older than what is installed.", v.boolean()));
const frozen = v.optional(says("Refuse whatever would change plugins.lock.json.", v.boolean()));

export const list = defineOperation({
  name: "plugins.list",
  summary: "List the installed plugins and how they run",
  description: "Platforms that are part of the binary are not among them.",
  run: "core",
  effect: "read",
  route: "GET /plugins",
  cli: { columns: ["id", "version", "state", "since", "process", "crashes", "source"] },
  input: v.strictObject({
    ...pageInput,
    described: v.optional(says("With what each declares: `description` of its manifest.", v.boolean())),
  }),
  output: page(Plugin),
  errors: ["unsupported"],
});

export const add = defineOperation({
  name: "plugins.add",
  summary: "Install a plugin from npm, a folder or a tarball, and load it",
  description:
    "Reads the manifest, checks contract, id, namespace and integrity, unpacks beside what is installed, proves that the code starts and is what its manifest says, changes over, and writes `plugins.lock.json` last. What fails before changes nothing: what ran goes on running. No script of a package is ever run. With `dryRun` it only says what the plugin asks for; pass its `integrity` on to install exactly that.\n\nPaths are those of the machine the service runs on.",
  run: "core",
  effect: "write",
  route: "POST /plugins",
  cli: { positionals: ["source"] },
  input: v.strictObject({
    source: says(
      "An npm name (`zulip-botyard`, `@chat/zulip@^1`), or the absolute path of a folder or a tarball.",
      v.pipe(v.string(), v.minLength(1), v.maxLength(2000)),
    ),
    dryRun,
    integrity,
    downgrade,
    frozen,
    trusted: v.optional(
      says("Run it in Botyard's own process: faster, and everything Botyard can reach it can reach.", v.boolean()),
    ),
  }),
  output: PluginChange,
  errors: ["conflict", "unsupported", "too_large", "unreachable", "upstream", "plugin_failed"],
});

export const restore = defineOperation({
  name: "plugins.restore",
  summary: "Fetch again what plugins.lock.json names and is not there: exactly that, or nothing",
  description:
    "For a data directory that was moved without its folder `plugins`. Version and integrity must be those of the lock file.",
  run: "core",
  effect: "write",
  route: "POST /plugins/restore",
  input: v.strictObject({}),
  output: v.object({ restored: v.array(v.object({ id: v.string(), version: v.string() })) }),
  errors: ["conflict", "unsupported", "unreachable", "upstream", "plugin_failed"],
});

export const check = defineOperation({
  name: "plugins.check",
  summary: "Look whether installed plugins are as they were installed, run, and are the newest",
  run: "core",
  effect: "read",
  route: "GET /plugins/{plugin}/check",
  input: v.strictObject({ plugin }),
  output: v.object({ id: v.string(), version: v.string(), checks: v.array(Check) }),
  errors: ["unsupported"],
});

export const update = defineOperation({
  name: "plugins.update",
  summary: "Install the newest version from where a plugin came",
  description:
    "For npm names the newest version the name's range allows; for a path what lies there now. Otherwise as `plugins.add`.",
  run: "core",
  effect: "write",
  route: "POST /plugins/{plugin}/update",
  input: v.strictObject({ plugin, dryRun, integrity, downgrade, frozen }),
  output: PluginChange,
  errors: ["conflict", "unsupported", "too_large", "unreachable", "upstream", "plugin_failed"],
});

export const remove = defineOperation({
  name: "plugins.remove",
  summary: "Take a plugin away; connections and their data stay unless told",
  description:
    "Its connections are closed and wait: with the plugin installed again they go on. With `deleteData` they are deleted, as `connections.delete` does it; nothing is touched on the servers.",
  run: "core",
  effect: "write",
  destructive: true,
  route: "DELETE /plugins/{plugin}",
  input: v.strictObject({
    plugin,
    deleteData: v.optional(says("Delete its connections, bots and credentials here as well.", v.boolean())),
  }),
  output: v.object({
    id: v.string(),
    version: v.string(),
    kept: says("Connections that wait for it.", v.array(v.string())),
    deleted: says("Connections that were deleted.", v.array(v.string())),
  }),
  errors: ["unsupported"],
});
