import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { BotyardError, type Check } from "@botyard/sdk";
import { type Flag, usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { formatCheck } from "../output/check.ts";
import { formatContract, formatDeclared, formatFailures } from "../output/plugin.ts";
import type { PluginWorks } from "../plugin-works.ts";
import type { Session } from "../session.ts";

/** What makes plugins in this program. Throws `unsupported` where it has none. */
export async function pluginWorks({ options }: Session): Promise<PluginWorks> {
  if (options.plugins) return options.plugins();
  throw new BotyardError("unsupported", "this program was put together without plugins");
}

const flags: readonly Flag[] = [
  { name: "only", type: "string", hint: "<text>", summary: "Of a plugin you write: the tests whose name holds this" },
];

const isPath = (target: string): boolean => /[\\/.]/.test(target);

const ran = "the contract suite runs with the plugin's own tests, and they are not installed: npm install";

async function checkPath(target: string, only: string | null, session: Session): Promise<number> {
  const { io, globals, options } = session;
  const path = resolve(target);
  if (!existsSync(path)) throw new BotyardError("not_found", `there is no ${path}`);
  const works = await pluginWorks(session);
  const { manifest, version, declared, differences } = await works.check(path);
  // A tarball has no tests in it.
  const source = statSync(path).isDirectory();
  if (source) session.note("running its tests");
  const suite = source ? await works.suite(path, only) : null;
  const failed = differences.length > 0 || (suite?.failed ?? 0) > 0;
  if (globals.json) session.json({ id: manifest.id, version, declared, differences, suite });
  else {
    io.out(`${manifest.id} ${version} · ${formatContract(manifest)} · ${manifest.title}\n`);
    io.out(formatDeclared(declared, suite));
    const checks: Check[] = [
      { name: "code", state: "ok", detail: "the code starts and exports a platform" },
      differences.length === 0
        ? { name: "manifest", state: "ok", detail: "manifest and code say the same" }
        : {
            name: "manifest",
            state: "fail",
            detail: `manifest and code differ at ${differences.join(", ")}`,
            fix: "botyard plugins pack",
          },
      ...(suite || !source ? [] : [{ name: "suite", state: "info" as const, detail: ran }]),
    ];
    for (const check of checks) io.out(`${formatCheck(check)}\n`);
    if (suite) io.out(formatFailures(suite, `${options.self} plugins check ${target}`));
  }
  return failed ? 1 : 0;
}

async function checkInstalled(ids: readonly string[], session: Session): Promise<number> {
  const { io, globals } = session;
  const client = await session.client();
  const found = [];
  for (const plugin of ids) found.push(await client.plugins.check({ plugin }, { signal: io.signal }));
  if (globals.json) session.json({ items: found });
  else
    for (const { id, version, checks } of found) {
      io.out(`${id} ${version}\n`);
      for (const check of checks) io.out(`${formatCheck(check)}\n`);
    }
  if (found.length === 0) session.note("none");
  return found.some(({ checks }) => checks.some(({ state }) => state === "fail")) ? 1 : 0;
}

export const command: Command = {
  summary: "Look at installed plugins, or at one you write: manifest, code, what it declares",
  description:
    "An id, or nothing for all installed ones: whether the files are those installed, whether it runs, whether there is a newer version. A folder or tarball: whether its code starts, is a platform, and is what its manifest says, and what its tests say, the contract suite among them; this runs that code. Ends with 1 where something is wrong.",
  arguments: [{ name: "plugin|path", required: false, summary: "zulip, ., ./zulip-0.1.0.tgz" }],
  flags,
  examples: ["plugins check", "plugins check zulip", "plugins check ."],
  async run({ positionals, strings }, session) {
    const [target, extra] = positionals;
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    if (target !== undefined && isPath(target)) return checkPath(target, strings.get("only")?.[0] ?? null, session);
    if (target !== undefined) return checkInstalled([target], session);
    const { items } = await (await session.client()).plugins.list({});
    return checkInstalled(
      items.map(({ id }) => id),
      session,
    );
  },
};
