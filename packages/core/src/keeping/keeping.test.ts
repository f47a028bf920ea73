import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bytes } from "@botyard/sdk";
import { expect, onTestFinished, test } from "vitest";
import { tinyPlatform, tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";
import { createLogger } from "../host/logger.ts";
import { createRedactor } from "../host/redact.ts";
import { createRawOpener } from "../log/raw.ts";
import { openBotyard } from "../open.ts";
import { rekey } from "./rekey.ts";
import { restoreBackup } from "./restore.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "botyard-keeping-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function open(directory: string) {
  const redactor = createRedactor();
  const world = tinyWorld();
  const { runtime } = await openBotyard({
    version: "test",
    platforms: [tinyPlatform(world)],
    dataDirectory: directory,
    create: true,
    receive: false,
    logger: createLogger({ redactor, level: "silent", format: "json", write: () => {} }),
    redactor,
  });
  await runtime.start();
  const call = async <T = unknown>(name: string, input: Record<string, unknown> = {}, more: object = {}): Promise<T> =>
    (await runtime.invoke(name, input, { principal: runtime.local, request: "req_1", ...more })).value as T;
  return { runtime, call, world };
}

async function furnished(directory: string) {
  const opened = await open(directory);
  await opened.call("connections.create", {
    id: "chat",
    platform: "tiny",
    credentials: { "admin-token": "admin-secret" },
  });
  await opened.call("bots.create", { connection: "chat", handle: "helper" }, { idempotencyKey: "once" });
  return opened;
}

const say = async (world: ReturnType<typeof tinyWorld>, id: string) =>
  world.host?.commit({
    via: "frame",
    bots: ["helper"],
    raw: `as ${id} came`,
    events: [
      {
        key: { kind: "message", id },
        type: "message.created",
        time: "2026-11-20T08:00:00.000Z",
        room: { id: "r1" },
        actor: { id: "u-alice", kind: "user" },
      },
    ],
  });

async function saved(bytes: Bytes, path: string): Promise<void> {
  writeFileSync(path, new Uint8Array(await new Response(bytes.body).arrayBuffer()));
}

test("a backup taken while the service works is put back whole, and what was there is kept", async () => {
  const [directory, file] = [folder(), join(folder(), "copy.db")];
  const first = await furnished(directory);
  await say(first.world, "1");
  const taken = await first.call<Bytes>("service.backup");
  expect(taken).toMatchObject({ type: "application/vnd.sqlite3", name: expect.stringMatching(/^botyard-.*\.db$/) });
  await say(first.world, "2");
  await saved(taken, file);
  expect(statSync(file).size).toBe(taken.size);
  const { cursor } = await first.call<{ cursor: string }>("events.list", { from: "oldest" });
  await expect(restoreBackup({ file, directory })).rejects.toMatchObject({ code: "conflict" });
  await first.runtime.close();
  expect(readdirSync(directory).filter((name) => name.includes(".backup-"))).toEqual([]);

  const restored = await restoreBackup({ file, directory });
  expect(restored).toMatchObject({ locked: null, kept: expect.stringContaining("botyard.db.before-") });
  expect(existsSync(restored.kept ?? "")).toBe(true);
  const again = await open(directory);
  onTestFinished(() => again.runtime.close());
  const page = await again.call<{ items: { type: string }[] }>("events.list", { from: "oldest", type: ["message.*"] });
  expect(page.items).toHaveLength(1);
  expect(again.runtime.core.vault.find("chat", { kind: "bot-token", bot: "helper" })?.secret).toBe("secret-of-helper");
  // A cursor of before must not point into what comes now.
  await expect(again.call("events.list", { from: cursor })).rejects.toMatchObject({ code: "invalid" });
});

test("a damaged or foreign file changes nothing", async () => {
  const [directory, elsewhere] = [folder(), folder()];
  const { runtime } = await furnished(directory);
  await runtime.close();
  const before = readFileSync(join(directory, "botyard.db"));
  for (const [name, text] of [
    ["text.db", "no database"],
    ["half.db", before.subarray(0, 5000)],
  ] as const) {
    const file = join(elsewhere, name);
    writeFileSync(file, text);
    await expect(restoreBackup({ file, directory })).rejects.toMatchObject({ code: "internal" });
  }
  await expect(restoreBackup({ file: join(elsewhere, "none.db"), directory })).rejects.toMatchObject({
    code: "not_found",
  });
  expect(readFileSync(join(directory, "botyard.db")).equals(before)).toBe(true);
  expect(readdirSync(directory).filter((name) => name.includes("restoring"))).toEqual([]);
});

test("a backup without its seal key says which secrets stay shut", async () => {
  const [directory, other] = [folder(), folder()];
  const { runtime } = await furnished(directory);
  await runtime.close();
  const { locked } = await restoreBackup({ file: join(directory, "botyard.db"), directory: other });
  expect(locked).toContain("credential chat/helper bot-token");
});

test("memory has nothing to back up, and a key that sees a part gets nothing", async () => {
  const tiny = await tinyRuntime();
  await expect(tiny.call("service.backup")).rejects.toMatchObject({ code: "unsupported" });
  const bound = await tiny.key({ name: "bound", preset: "admin", connection: ["chat"] });
  await expect(tiny.call("service.backup", {}, { principal: bound })).rejects.toMatchObject({ code: "forbidden" });
  const operator = await tiny.key({ name: "operator", preset: "operator" });
  await expect(tiny.call("service.backup", {}, { principal: operator })).rejects.toMatchObject({ code: "forbidden" });
});

test("after a rekey everything opens with the new key and nothing with the old", async () => {
  const directory = folder();
  const first = await furnished(directory);
  await say(first.world, "1");
  // Sealed together.
  await Promise.all(["2", "3", "4"].map((id) => say(first.world, id)));
  first.world.host?.step(
    {
      kind: "install",
      title: "Install",
      why: "so",
      run: { where: "there", command: "with secret-of-helper" },
      secret: true,
    },
    "helper",
  );
  await first.call("webhooks.create", { name: "hook", url: "https://bot.example.org/hook" });
  await first.runtime.close();
  const seal = join(directory, "seal.key");
  const before = readFileSync(seal, "utf8");
  expect(() => rekey({ directory: join(directory, "none") })).toThrow("nothing has been set up");

  const done = rekey({ directory });
  expect(done).toMatchObject({ secrets: 4, unreadable: [] });
  expect(done.others).toBeGreaterThan(0);
  expect(readFileSync(done.oldKey, "utf8")).toBe(before);
  expect(readFileSync(seal, "utf8")).not.toBe(before);
  expect(statSync(seal).mode & 0o777).toBe(0o600);

  const again = await open(directory);
  expect(again.runtime.core.vault.find("chat", { kind: "admin-token" })?.secret).toBe("admin-secret");
  const step = await again.call<{ run: { command: string } }>("steps.get", { step: "step_1", reveal: true });
  expect(step.run.command).toBe("with secret-of-helper");
  const raws = await again.runtime.core.store.listRaw({ connection: "chat", after: 0, limit: 9 });
  const rawOf = createRawOpener(again.runtime.core.sealer);
  expect(raws.map((raw) => Buffer.from(rawOf(raw)).toString())).toEqual(
    ["1", "2", "3", "4"].map((id) => `as ${id} came`),
  );
  await again.runtime.close();

  writeFileSync(seal, before);
  await expect(open(directory)).rejects.toMatchObject({ code: "internal" });
});

test("a rekey that was cut off before the keys changed places is ended at the next start", async () => {
  const directory = folder();
  await (await furnished(directory)).runtime.close();
  const seal = join(directory, "seal.key");
  const before = readFileSync(seal, "utf8");
  const { oldKey } = rekey({ directory });
  // As if it had stopped after the transaction.
  writeFileSync(`${seal}.next`, readFileSync(seal));
  writeFileSync(seal, before);
  rmSync(oldKey);
  const again = await open(directory);
  expect(again.runtime.core.vault.find("chat", { kind: "admin-token" })?.secret).toBe("admin-secret");
  await again.runtime.close();
  expect(existsSync(`${seal}.next`)).toBe(false);

  // As if it had stopped before: the new key was never used.
  writeFileSync(`${seal}.next`, before);
  await (await open(directory)).runtime.close();
  expect(existsSync(`${seal}.next`)).toBe(false);
});

test("a rekey of what does not open changes nothing", async () => {
  const directory = folder();
  await (await furnished(directory)).runtime.close();
  const other = folder();
  await (await furnished(other)).runtime.close();
  writeFileSync(join(directory, "seal.key"), readFileSync(join(other, "seal.key")));
  const before = readFileSync(join(directory, "seal.key"), "utf8");
  expect(() => rekey({ directory })).toThrow("nothing was changed");
  expect(readFileSync(join(directory, "seal.key"), "utf8")).toBe(before);
  expect(existsSync(join(directory, "seal.key.next"))).toBe(false);
});

const send = { connection: "chat", room: "lobby", text: "later" };
/** A call that waits behind one that the server never answers. */
async function waiting(
  directory: string,
): Promise<{ operation: string; opened: Awaited<ReturnType<typeof furnished>> }> {
  const opened = await furnished(directory);
  opened.world.send = () => new Promise(() => {});
  await opened.call("messages.send", { ...send, text: "first" }, { wait: false });
  const { operation } = await opened.call<{ operation: string }>("messages.send", send, { wait: false });
  return { operation, opened };
}

test("a rekey seals the input of calls that wait, too", async () => {
  const directory = folder();
  const { operation, opened } = await waiting(directory);
  await opened.runtime.close({ drainMs: 0 });
  rekey({ directory });
  const again = await open(directory);
  const row = await again.runtime.core.store.getEffect(operation);
  expect(row).toMatchObject({ state: "accepted" });
  expect(again.runtime.core.sealer.open(`effect/${operation}/input`, row?.call?.input ?? "")).toContain("later");
  await again.runtime.close();
});

test("what waited when a backup was made is not sent by what was put back", async () => {
  const directory = folder();
  const { operation, opened } = await waiting(directory);
  const backup = join(folder(), "backup.db");
  await saved(await opened.call<Bytes>("service.backup"), backup);
  await opened.runtime.close({ drainMs: 0 });
  await restoreBackup({ file: backup, directory });
  const again = await open(directory);
  expect(await again.runtime.core.store.getEffect(operation)).toMatchObject({
    state: "failed",
    effect: "none",
    call: null,
    error: { code: "cancelled" },
  });
  await again.runtime.close();
});
