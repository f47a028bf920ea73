import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const runtime = process.versions["deno"] ? [process.execPath, "run", "-A"] : [process.execPath];
const has = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0;

const receivers: readonly {
  readonly name: string;
  readonly command: readonly string[];
  readonly missing: string | null;
}[] = [
  { name: "typescript", command: [...runtime, join(folder, "typescript/receiver.ts")], missing: null },
  {
    name: "python",
    command: ["python3", join(folder, "python/receiver.py")],
    missing: has("python3", "--version") ? null : "needs python3",
  },
  { name: "go", command: ["go", "run", "."], missing: has("go", "version") ? null : "needs go" },
];

const started = new Set<ChildProcess>();
afterEach(() => {
  for (const child of started) {
    // `go run` has the program as its child: the whole group ends.
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }
  started.clear();
});

/** Runs a receiver; `lines` grows with what it prints. */
async function start(name: string, command: readonly string[], secret: string) {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: join(folder, name),
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  started.add(child);
  let text = "";
  child.stdout?.on("data", (part: Buffer) => (text += part.toString()));
  await expect.poll(() => text, { timeout: 150_000, interval: 20 }).toContain("listening on ");
  const url = /listening on (\S+)/.exec(text)?.[1] ?? "";
  return { url, lines: () => text.split("\n").slice(1).filter(Boolean) };
}

function post(url: string, secret: string, id: string, body: string, at = new Date()): Promise<number> {
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, at, body),
  };
  return fetch(url, { method: "POST", headers, body }).then((response) => response.status);
}

describe.each(receivers)("$name", ({ name, command, missing }) => {
  it.skipIf(missing !== null)(
    `takes what is genuine, once, and nothing else${missing ? ` (${missing})` : ""}`,
    { timeout: 180_000 },
    async () => {
      const secret = `whsec_${randomBytes(32).toString("base64")}`;
      const other = `whsec_${randomBytes(32).toString("base64")}`;
      const { url, lines } = await start(name, command, secret);
      const body = JSON.stringify({ id: "evt_1", type: "message.created", content: { text: "héllo ☃" } });
      expect(await post(url, secret, "evt_1", body)).toBe(204);
      expect(await post(url, secret, "evt_1", body)).toBe(204);
      expect(await post(url, other, "evt_2", body)).toBe(401);
      expect(await post(url, secret, "evt_3", body, new Date(Date.now() - 3_600_000))).toBe(401);
      expect((await fetch(url, { method: "POST", body })).status).toBe(401);
      // While a secret is replaced, both sign.
      const at = new Date();
      const both = [other, secret].map((one) => new Webhook(one).sign("evt_4", at, body)).join(" ");
      const headers = {
        "webhook-id": "evt_4",
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": both,
      };
      expect((await fetch(url, { method: "POST", headers, body })).status).toBe(204);
      await expect
        .poll(lines, { timeout: 5_000 })
        .toEqual(["evt_1 message.created héllo ☃", "evt_4 message.created héllo ☃"]);
    },
  );
});
