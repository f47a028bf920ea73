import { loadConfig } from "@botyard/core";
import { type AnyPlatform, isBotyardError, type PluginChange } from "@botyard/sdk";
import { expect, test } from "vitest";
import { createCatalog } from "./catalog.ts";
import { createFakeIo } from "./fake-io.ts";
import { type InstallCall, installPlugin } from "./plugin-install.ts";
import { reservedWords } from "./plugin-works.ts";
import { createSession } from "./session.ts";

const first: PluginChange = {
  state: "planned",
  id: "zulip",
  namespace: "zulip",
  title: "Zulip",
  version: "0.1.0",
  contract: "1",
  package: "botyard-zulip",
  source: "/x/zulip-0.1.0.tgz",
  integrity: `sha512-${"A".repeat(86)}==`,
  trusted: false,
  from: null,
  downgrade: false,
  asks: ["contract 1 (this binary: 1)", "reaches the connection's own URL only", "separate process"],
  changes: null,
  connections: [],
};

interface Given {
  readonly plan?: Partial<PluginChange>;
  readonly answers?: readonly string[];
  readonly interactive?: boolean;
  readonly flags?: readonly string[];
  readonly yes?: boolean;
  readonly json?: boolean;
  /** What `gaps.list` answers, one after the other. */
  readonly gaps?: readonly (readonly object[])[];
}

/** Runs the dialogue against a service that answers with the plan; what was sent and said. */
async function run({
  plan = {},
  answers = [],
  interactive = true,
  flags = [],
  yes = false,
  json = false,
  gaps = [],
}: Given) {
  const io = createFakeIo({ interactive, answers });
  const options = { platforms: {}, version: "0", startService: () => Promise.reject(new Error()), self: "botyard" };
  const session = createSession({
    options,
    io,
    globals: { json, quiet: false, yes, url: null, data: null, config: null },
    catalog: createCatalog(options),
    config: loadConfig({}, { env: {}, platform: "linux", home: "/nowhere" }),
    open: async () => ({
      transport: { call: async () => ({ items: left.shift() ?? [] }) },
      url: "http://x",
      close: async () => {},
    }),
  });
  const left = [...gaps];
  const sent: InstallCall[] = [];
  const answer = { ...first, ...plan };
  const send = async (more: InstallCall): Promise<PluginChange> => {
    sent.push(more);
    return more.dryRun ? answer : { ...answer, state: answer.from === null ? "installed" : "updated" };
  };
  const args = { strings: new Map(), booleans: new Map(flags.map((name) => [name, true])), positionals: [] };
  let error = "";
  const code = await installPlugin(send, args, "botyard plugins add ./zulip.tgz", session).catch((thrown: unknown) => {
    if (!isBotyardError(thrown)) throw thrown;
    error = `${thrown.code}: ${thrown.message} | ${thrown.details.fix ?? ""}`;
    return 1;
  });
  return { code, sent, error, ...io.output };
}

test("a person reads what it asks for, says yes, and exactly that is installed", async () => {
  const { code, sent, out, err } = await run({ answers: ["y"] });
  expect(code).toBe(0);
  expect(err).toBe("Install? [y/N] ");
  expect(out).toBe(
    "zulip 0.1.0 · contract 1 (this binary: 1) · reaches the connection's own URL only · separate process\n" +
      "installed  zulip 0.1.0  sha512-AAAAAAAA… in plugins.lock.json, loaded without a restart; no connection was touched\n",
  );
  expect(sent).toEqual([{ dryRun: true }, { integrity: first.integrity }]);
});

test.each(["", "n", "nein"])("the answer %j installs nothing", async (answer) => {
  const { sent, error } = await run({ answers: [answer] });
  expect(sent).toEqual([{ dryRun: true }]);
  expect(error).toContain("cancelled: nothing was changed");
});

test("where nobody can be asked, nothing is installed without --yes", async () => {
  expect((await run({ interactive: false })).sent).toEqual([{ dryRun: true }]);
  expect((await run({ interactive: false, yes: true })).sent).toHaveLength(2);
});

test("an update shows what is new in what it asks for", async () => {
  const plan = {
    from: "0.0.9",
    changes: ["+ hooks: chat servers send to it", "- reaches https://a.example.org"],
    connections: ["chat"],
  };
  const { out, err } = await run({ plan, answers: ["yes"] });
  expect(out).toContain("zulip 0.0.9 → 0.1.0 · contract 1");
  expect(out).toContain("\n  + hooks: chat servers send to it\n  - reaches https://a.example.org\n");
  expect(err).toBe("Update? [y/N] ");
  expect(out).toContain("loaded without a restart; its connections run on it: chat\n");
  expect((await run({ plan: { from: "0.0.9", changes: [] }, yes: true })).out).toContain("\n  asks for nothing new\n");
});

test("a downgrade asks, and --yes alone is not asked about it", async () => {
  const plan = { from: "0.2.0", downgrade: true, changes: [] };
  const asked = await run({ plan, answers: ["y"] });
  expect(asked.err).toBe("0.2.0 is installed, and 0.1.0 is older. Go back to it? [y/N] ");
  expect(asked.sent.at(-1)).toMatchObject({ downgrade: true });
  const refused = await run({ plan, yes: true });
  expect(refused.sent).toEqual([{ dryRun: true }]);
  expect(refused.error).toBe(
    "conflict: zulip 0.2.0 is installed, and 0.1.0 is older. Nothing was changed | botyard plugins add ./zulip.tgz --downgrade --yes",
  );
  expect((await run({ plan, yes: true, flags: ["downgrade"] })).sent.at(-1)).toMatchObject({ downgrade: true });
});

test("a fix is the whole line: with what was typed, and with all that the next answer would ask for", async () => {
  const nobody = await run({ interactive: false, flags: ["trusted", "frozen"] });
  expect(nobody.error).toBe(
    "invalid: Install? Nobody is here to ask; nothing was changed | botyard plugins add ./zulip.tgz --trusted --frozen --yes",
  );
  const older = await run({ interactive: false, flags: ["trusted"], plan: { from: "0.2.0", downgrade: true } });
  expect(older.error).toMatch(/ \| botyard plugins add \.\/zulip\.tgz --trusted --downgrade --yes$/);
});

test("where just that is installed nobody is asked", async () => {
  const plan: Partial<PluginChange> = { state: "unchanged", from: "0.1.0", changes: [] };
  const { code, sent, out, err } = await run({ plan, interactive: false });
  expect([code, sent.length, err]).toEqual([0, 1, ""]);
  expect(out).toMatch(/\nunchanged {2}zulip 0\.1\.0 is installed just so\n$/);
  expect(JSON.parse((await run({ plan, interactive: false, json: true })).out)).toMatchObject({ state: "unchanged" });
});

test("what was missed while the version before did not run is told", async () => {
  const gap = { id: "gap_3", connection: "chat", from: "2026-11-20T09:12:00Z", cause: "plugin_failed" };
  const filled = { ...gap, to: "2026-11-20T09:14:00Z", state: "filled", messages: 17 };
  const { out } = await run({
    plan: { from: "0.2.0", connections: ["chat"], changes: [] },
    yes: true,
    gaps: [[{ ...gap, to: null, state: "open" }], [filled]],
  });
  expect(out).toMatch(/\n +gap_3 .* filled, 17 messages/);
});

test("--dry-run asks nobody, --frozen goes with every call", async () => {
  const { sent, out } = await run({ flags: ["dry-run", "frozen"] });
  expect(sent).toEqual([{ frozen: true, dryRun: true }]);
  expect(out).toContain("zulip 0.1.0 · contract 1");
  expect((await run({ flags: ["frozen"], yes: true })).sent.at(-1)).toMatchObject({ frozen: true });
});

test("with --json standard output is the answer and nothing else", async () => {
  expect(JSON.parse((await run({ json: true, yes: true })).out)).toMatchObject({ state: "installed", id: "zulip" });
});

test("text of a plugin cannot move the cursor of who reads it", async () => {
  const { out } = await run({ plan: { asks: ["deprecated: \u001b[2Jgone"] }, yes: true });
  expect(out).not.toContain("\u001b");
});

test("no plugin is called as a command or a platform of the binary", () => {
  const platform = { id: "matrix-appservice", namespace: "matrix" } as AnyPlatform;
  const words = reservedWords([platform]);
  for (const word of ["serve", "connect", "help", "events"]) expect(words.get(word)).toBe("a command of Botyard");
  for (const word of ["matrix", "matrix-appservice"]) expect(words.get(word)).toBe("a platform of this binary");
  expect(words.has("zulip")).toBe(false);
});
