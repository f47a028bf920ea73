import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { packPlugin, startPigeon } from "../plugin-maker.ts";
import { createUser, onDeno, type User } from "./binary.ts";

/** What Deno does otherwise than the binary: it looks for settings, and starts plugins as scripts. */

function denoUser(): User {
  const user = createUser(onDeno);
  onTestFinished(() => rmSync(user.home, { recursive: true, force: true }));
  return user;
}

test("settings of Deno above the folder of the program do not reach it", async () => {
  const user = denoUser();
  const [above, marker] = [join(user.home, "above"), join(user.home, "it-ran")];
  const program = join(above, "program");
  mkdirSync(above);
  cpSync(dirname(onDeno[3] ?? ""), program, { recursive: true });
  const evil = `Deno.writeTextFileSync(${JSON.stringify(marker)}, "");\nexport * from "node:path";\n`;
  writeFileSync(join(above, "evil.mjs"), evil);
  const imports = { "node:fs": "./evil.mjs", "node:fs/promises": "./evil.mjs", "node:util": "./evil.mjs" };
  writeFileSync(join(above, "deno.json"), JSON.stringify({ imports }));
  const call = [...onDeno.slice(0, 3), join(program, "botyard.js"), "whoami"];
  // A service of somebody else at the usual place is not asked.
  const data = `BOTYARD_DATA='${join(user.home, "data")}'`;
  const { code, stderr } = await user.shell(`${data} ${call.map((word) => `'${word}'`).join(" ")}`);
  expect([code, stderr]).toEqual([4, expect.stringContaining("nothing has been set up")]);
  expect(existsSync(marker)).toBe(false);
});

test("a plugin runs in a process of its own, and what it sends arrives", async () => {
  const user = denoUser();
  const file = await packPlugin(user.home, { version: "0.1.0" });
  const pigeon = await startPigeon();
  const env = { BOTYARD_DATA: join(user.home, "data"), PIGEON_KEY: pigeon.simulator.adminKey };
  const must = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await user.botyard(line.split(" "), { env });
    expect({ line, code, stderr: code === 0 ? "" : stderr }).toEqual({ line, code: 0, stderr: "" });
    return stdout;
  };
  const service = user.start(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"], { env });
  onTestFinished(async () => {
    service.child.kill("SIGTERM");
    await service.ended;
  });
  await service.printed("reference at");
  expect(await must(`plugins add ${file} --yes`)).toContain("separate process");
  await must(`connect pigeon ${pigeon.url} --id birds --admin-key env:PIGEON_KEY -o pollMs=1000`);
  await must("bots create birds/helper");
  await must("rooms add-bot birds/lobby helper");
  await must("messages send birds/lobby hello --as helper");
  expect(pigeon.transcript().at(-1)).toBe("hello");
  expect(await must("status")).toMatch(/^birds +pigeon +ready /m);
}, 120_000);
