import type { BotAnswer } from "@botyard/sdk";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSandbox } from "./open.ts";

test("the line of a step says any name, whatever quotes and spaces are in it", async () => {
  const box = await openSandbox({ profiles: ["operator-install"] });
  let made = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, unit: "grapheme" }),
      fc.string({ unit: "grapheme" }),
      async (name, about) => {
        const handle = `bot-${++made}`;
        const answer = await box.run<BotAnswer>("bots.create", { handle, displayName: name, description: about });
        await box.run("sandbox.operate", { command: answer.steps?.[0]?.run.command });
        const { items } = await box.run<{ items: BotAnswer["bot"][] }>("bots.list", {});
        expect(items.at(-1)).toMatchObject({
          username: handle,
          displayName: name,
          description: about === "" ? null : about,
        });
      },
    ),
    { numRuns: 50 },
  );
  await box.session.close();
});

test("a line that is none, and a secret that is too short, change nothing", async () => {
  const box = await openSandbox({ profiles: ["operator-install"] });
  const type = (command: string) => box.run("sandbox.operate", { command });
  for (const line of [
    "ls",
    "sandbox",
    "sandbox bot:install x",
    "sandbox bot:install 'x",
    "sandbox bot:uninstall nobody",
    "&&",
  ]) {
    await expect(type(line)).rejects.toMatchObject({ details: { effect: "none" } });
  }
  await expect(type("sandbox bot:install x short https://x.test/hook")).rejects.toThrow("16 characters");
  expect(await type("sandbox bot:list")).toEqual({ output: "" });
  await box.session.close();
});

test("several commands in one line run in order, and a bot can be switched off", async () => {
  const box = await openSandbox({ profiles: ["operator-install"] });
  const install = `sandbox bot:install one ${"s".repeat(20)} https://x.test/1`;
  const { output } = await box.run<{ output: string }>("sandbox.operate", {
    command: `${install} && sandbox bot:list`,
  });
  const id = /ID: (\S+)/.exec(output)?.[1] ?? "";
  expect(output).toBe(`Bot installed\nID: ${id}\n${id} one active`);
  expect(await box.run("sandbox.operate", { command: `sandbox bot:state ${id} 0 && sandbox bot:list` })).toEqual({
    output: `Bot set to 0\n${id} one inactive`,
  });
  await box.session.close();
});
