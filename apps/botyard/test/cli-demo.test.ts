import { readdirSync } from "node:fs";
import { expect, it, vi } from "vitest";
import { createMachine } from "./program.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 90_000 });

it("prints four lines that work as pasted, shows what happens, and leaves no files", async () => {
  const machine = createMachine();
  const demo = machine.start(["demo"]);
  const [, block = ""] = await demo.until(/second terminal:\n\n((?: {2}.*\n){4})\nWhat happens/);
  const lines = block
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(
    /^export BOTYARD_URL=http:\/\/127\.0\.0\.1:\d+ BOTYARD_KEY=by_\w+; botyard\(\) \{ .* "\$@"; \}$/,
  );

  const pasted = await machine.shell(block);
  expect(pasted, pasted.err).toMatchObject({ code: 0 });
  expect(pasted.out).toMatch(/message\.created .*@helper are you there\? .*→ helper/);
  expect(pasted.out).toMatch(/^sent {2}op_/m);

  await demo.until(/alice {2}@helper are you there\?/);
  await demo.until(/helper {2}yes, I am/);
  expect(await demo.end("SIGINT")).toMatchObject({ code: 0, err: "" });
  expect(readdirSync(machine.folder)).toEqual([]);
});

it("runs beside another demo, on another port, and says so", async () => {
  const machine = createMachine();
  const [one, two] = [machine.start(["demo", "--json"]), machine.start(["demo"])];
  const [, first] = await one.until(/"url":"([^"]+)"/);
  const [, second] = await two.until(/demo · (\S+) ·/);
  expect(second).not.toBe(first);
  const said = [one.out(), two.out()].filter((text) => text.includes("another one is used"));
  expect(said.length).toBeLessThanOrEqual(1);
  await one.end("SIGINT");
  await two.end("SIGTERM");
});
