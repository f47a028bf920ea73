import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, it } from "vitest";
import { openSqliteStore } from "./index.ts";

// Appends batches of three for ever and prints the number of each that was answered.
const appender = (path: string): string => `
  import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, "index.ts"))};
  import { batch, event } from ${JSON.stringify(join(import.meta.dirname, "../suite/samples.ts"))};
  const store = openSqliteStore(${JSON.stringify(path)});
  for (let n = 1; ; n += 1) {
    await store.appendEvents(batch([1, 2, 3].map((at) => event(n + "-" + at)), { put: { cursor: n } }));
    console.log(n);
  }
`;

const evalArgs = process.versions["deno"] ? ["eval", "--quiet", "--ext=ts"] : ["-e"];

it("has every answered batch after kill -9 in the middle of a write, and no half one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "botyard-kill-"));
  const path = join(folder, "botyard.db");
  const child = spawn(process.execPath, [...evalArgs, appender(path)], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let answered = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    answered = Number(line);
    if (answered === 100) child.kill("SIGKILL");
  }
  await ended;
  expect(answered).toBeGreaterThanOrEqual(100);

  const store = openSqliteStore(path);
  const { headSeq } = await store.info();
  expect(headSeq).toBeGreaterThanOrEqual(answered * 3);
  expect(await store.pluginGet("chat", "cursor")).toBe(headSeq / 3);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
