import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { AnySession } from "@botyard/sdk";
import { afterEach, expect, test, vi } from "vitest";
import { remotePlatform } from "./core-side.ts";
import { echo } from "./fixtures/echo.ts";
import { createRecordingHost } from "./fixtures/host.ts";
import { spawnPlugin, type SpawnOptions } from "./spawn.ts";

const deno = process.versions["deno"] !== undefined;
const argsOf = (file: string): string[] => [
  ...(deno ? ["run", "-A"] : []),
  fileURLToPath(new URL(`fixtures/${file}`, import.meta.url)),
];

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

async function start(options: Partial<SpawnOptions> = {}) {
  const lines: string[] = [];
  const child = spawnPlugin({ args: argsOf("child.ts"), output: (line) => lines.push(line), ...options });
  endings.push(child.kill);
  const closed: string[] = [];
  child.port.onClose((reason) => closed.push(reason));
  const remote = remotePlatform(child.port, echo);
  const opening = remote.open(createRecordingHost().host);
  opening.catch(() => {}); // looked at by who asks for it
  const act = async (what: string): Promise<unknown> => {
    const session: AnySession = await opening;
    const call = {
      bot: null,
      as: null,
      effectId: "E",
      attempt: 1,
      deadline: Date.now() + 30_000,
      signal: new AbortController().signal,
    };
    const run = (
      session.operations as unknown as Record<string, (input: unknown, call: unknown) => Promise<{ done: unknown }>>
    )["echo.act"];
    return (await run?.({ connection: "chat", what }, call))?.done;
  };
  return { child, remote, opening, act, closed, lines };
}

const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.each([
  ["exit", "exit code 3"],
  ["kill", "signal SIGKILL"],
  ["throw-later", "RangeError"],
])(
  "a child that ends by %s in the middle of a call: plugin_failed, effect unknown, with the reason",
  async (how, reason) => {
    const { act, closed } = await start();
    await expect(act(how)).rejects.toMatchObject({
      code: "plugin_failed",
      effect: "unknown",
      message: expect.stringContaining(reason),
    });
    await expect(act("pid")).rejects.toMatchObject({ code: "plugin_failed", effect: "none" });
    await vi.waitFor(() => expect(closed).toHaveLength(1));
  },
);

test("the text of an uncaught error goes to the log, not to callers", async () => {
  const { act, lines } = await start();
  await expect(act("throw-later")).rejects.toMatchObject({ message: expect.not.stringContaining("later") });
  await vi.waitFor(() => expect(lines.join("\n")).toContain("later"));
});

test("code that cannot be loaded says so", async () => {
  const { opening } = await start({ env: { ECHO_BROKEN: "1" } });
  await expect(opening).rejects.toMatchObject({
    code: "plugin_failed",
    message: expect.stringContaining("could not be loaded: SyntaxError"),
  });
});

test("a program that cannot be started says so", async () => {
  const { opening } = await start({ execPath: "/nowhere/botyard" });
  await expect(opening).rejects.toMatchObject({
    code: "plugin_failed",
    message: expect.stringContaining("could not be started"),
  });
});

test("the environment is bare", async () => {
  process.env["BOTYARD_TEST_SECRET"] = "s";
  endings.push(() => delete process.env["BOTYARD_TEST_SECRET"]);
  const { act } = await start({ env: { ROLE: "plugin" } });
  const names = await act("environment");
  expect(names).toContain("ROLE");
  expect(names).not.toContain("BOTYARD_TEST_SECRET");
});

test("closing the link ends the child", async () => {
  const { act, remote } = await start();
  const pid = (await act("pid")) as number;
  expect(alive(pid)).toBe(true);
  remote.link.close("enough");
  await vi.waitFor(() => expect(alive(pid)).toBe(false), { timeout: 5_000 });
});

test("an orphan does not stay: its parent killed, the child exits by itself", async () => {
  const parent = spawn(process.execPath, [...argsOf("orphan.ts"), ...argsOf("child.ts")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  endings.push(() => parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once("data", (line: unknown) => resolve(Number(String(line)))),
  );
  endings.push(() => void (alive(pid) && process.kill(pid, "SIGKILL")));
  expect(alive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await vi.waitFor(() => expect(alive(pid)).toBe(false), { timeout: 10_000 });
});
