import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { packPlugin, startPigeon } from "./plugin-maker.ts";
import { createMachine, type Machine, startService } from "./program.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const made = mkdtempSync(join(tmpdir(), "botyard-made-"));
let good = "";
let bad = "";
afterAll(() => rmSync(made, { recursive: true, force: true }));
beforeAll(async () => {
  good = await packPlugin(made, { version: "0.1.0" });
  bad = await packPlugin(made, {
    version: "0.2.0",
    edit: { "const post = encodePost(": 'if (input.text === "crash") process.exit(3);\n    const post = encodePost(' },
  });
}, 60_000);

interface Listed {
  readonly items: readonly { readonly state: string; readonly crashes: number; readonly reason?: string }[];
}

test("a release that crashes: status and doctor name it and the way out, the others notice nothing, the older one fills the gap", async () => {
  const machine: Machine = createMachine();
  const pigeon = await startPigeon();
  await startService(machine);
  const run = async (line: string, env: Record<string, string> = {}) => machine.run(line.split(" "), { env });
  const must = async (line: string, env: Record<string, string> = {}): Promise<string> => {
    const { code, out, err } = await run(line, env);
    expect({ line, code, err: code === 0 ? "" : err }).toEqual({ line, code: 0, err: "" });
    return out;
  };
  const plugin = async () => (JSON.parse(await must("plugins list --json")) as Listed).items[0];
  await must(`plugins add ${bad} --yes`);
  await must(`connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=500`, {
    PIGEON_KEY: pigeon.simulator.adminKey,
  });
  await must("bots create birds/helper");
  await must("rooms add-bot birds/lobby helper");
  await must("messages send birds/lobby well --as helper");

  let crashes = 0;
  while ((await plugin())?.state !== "quarantined") {
    const { code, err } = await run("messages send birds/lobby crash --as helper");
    // Under way when the process went: nobody knows. While it is down: nothing was done.
    expect(err).toContain("plugin_failed");
    expect([9, 10]).toContain(code);
    if (code === 10) crashes += 1;
    expect(crashes).toBeLessThanOrEqual(5);
  }
  expect(await plugin()).toMatchObject({
    crashes: 5,
    reason: expect.stringContaining("5 crashes in 60 s, quarantined"),
  });
  pigeon.say("anybody");

  const status = await must("status");
  expect(status).toMatch(/^birds +pigeon +failed .* 1 /m);
  expect(status).toMatch(/^birds {2}cause: plugin_failed: 5 crashes in 60 s, quarantined; the last: exit code 3$/m);
  expect(status).toMatch(/^ +fix +.* plugins update pigeon$/m);
  expect(status).toMatch(/^chat +sandbox +ready /m);
  await must("messages send chat/lobby fine --as helper");

  const doctor = await run("doctor birds/helper");
  expect(doctor.code).toBe(1);
  expect(doctor.out).toMatch(/^connection +FAIL +birds failed since .*plugin_failed: 5 crashes in 60 s, quarantined/m);
  expect(doctor.out).toMatch(/^log +wait +gap_\d+ open since /m);
  expect(doctor.out).toMatch(/^cause +.*quarantined/m);
  expect(doctor.out).toMatch(/^fix +.* plugins update pigeon$/m);
  // Looking changed nothing of what is said.
  expect(await must("status")).toContain("cause: plugin_failed: 5 crashes in 60 s, quarantined");

  await must(`plugins add ${good} --yes --downgrade`);
  await expect.poll(() => must("status"), { timeout: 20_000 }).toMatch(/^birds +pigeon +ready /m);
  await expect.poll(() => must("events list --bot birds/helper"), { timeout: 20_000 }).toContain("anybody");
  expect(await must("gaps list")).toMatch(/birds .*filled/);
  await must("messages send birds/lobby again --as helper");
  expect(pigeon.transcript().at(-1)).toBe("again");
});
