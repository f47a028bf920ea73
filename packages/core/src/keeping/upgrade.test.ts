import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { tinyPlatform, tinyWorld } from "../fixtures/tiny-platform.ts";
import { createLogger } from "../host/logger.ts";
import { createRedactor } from "../host/redact.ts";
import { openBotyard } from "../open.ts";

const releases = join(import.meta.dirname, "../fixtures/releases");
const versions = readdirSync(releases).flatMap((name) => (name.endsWith(".db.gz") ? [name.slice(0, -6)] : []));

test("there is a database of a release", () => {
  expect(versions).toContain("0.1.0");
});

describe.each(versions)("the database of release %s", (version) => {
  test("opens with everything in it, and a copy of before stays", async () => {
    const directory = mkdtempSync(join(tmpdir(), "botyard-upgrade-"));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    writeFileSync(join(directory, "botyard.db"), gunzipSync(readFileSync(join(releases, `${version}.db.gz`))));
    writeFileSync(join(directory, "seal.key"), readFileSync(join(releases, `${version}.key`)), { mode: 0o600 });
    const redactor = createRedactor();
    const world = tinyWorld();
    const { runtime } = await openBotyard({
      version: "next",
      platforms: [tinyPlatform(world)],
      dataDirectory: directory,
      create: false,
      receive: false,
      logger: createLogger({ redactor, level: "silent", format: "json", write: () => {} }),
      redactor,
    });
    onTestFinished(() => runtime.close());
    await runtime.start();
    const call = async <T>(name: string, input: Record<string, unknown> = {}, idempotencyKey?: string): Promise<T> =>
      (
        await runtime.invoke(name, input, {
          principal: runtime.local,
          request: "req_1",
          ...(idempotencyKey ? { idempotencyKey } : {}),
        })
      ).value as T;

    const events = await call<{ items: { type: string; content?: { text: string } }[] }>("events.list", {
      from: "oldest",
    });
    expect(events.items.flatMap((event) => event.content?.text ?? [])).toEqual(["hello", "again"]);
    expect(await call("consumers.get", { consumer: "pybot" })).toMatchObject({
      bot: "chat/helper",
      maxAgeMs: 600_000,
      skipped: 0,
    });
    expect(await call("keys.get", { key: "pybot" })).toMatchObject({ grant: { bots: ["chat/helper"] } });
    const step = await call<{ run: { command: string } }>("steps.get", { step: "step_1", reveal: true });
    expect(step.run.command).toBe("install secret-of-helper");
    expect(await world.host?.store.get("sync/cursor")).toEqual({ batch: 12 });
    // What was done under a key before is not done again.
    const again = await call<{ message: string }>(
      "messages.send",
      { connection: "chat", room: "lobby", text: "hi", as: "helper" },
      "build-7",
    );
    expect(again.message).toBe("m1");
    expect((await call<{ items: unknown[] }>("ledger.list")).items).toHaveLength(2);
    const { items } = await call<{ items: { operation: string }[] }>("audit.list", { operation: "keys.*" });
    expect(items.map((row) => row.operation)).toContain("keys.create");
    const schema = 1;
    if ((await runtime.core.store.info()).schema > schema)
      expect(readdirSync(directory)).toContain(`botyard.db.v${schema}`);
  });
});
