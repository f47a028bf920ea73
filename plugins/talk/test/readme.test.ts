import { operations } from "@botyard/sdk";
import { expect, test } from "vitest";
import platform from "../src/index.ts";
import { readReadme, withTable } from "./statuses.ts";

test("the table of statuses is what the recordings say (bun plugins/talk/test/statuses.ts --write)", () => {
  expect(readReadme()).toBe(withTable(readReadme()));
});

test("every operation, setting and credential it names exists", () => {
  const text = readReadme();
  const native = Object.values(platform.native).map(({ name }) => name);
  const named = [...text.matchAll(/`(talk\.[a-z-]+)`/g)].map(([, name]) => name ?? "");
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !native.some((one) => one === name))).toEqual([]);
  const nouns = new Set(Object.keys(operations).map((name) => name.split(".")[0]));
  const commands = [...text.matchAll(/^botyard ([a-z]+) ([a-z-]+)/gm)].filter(
    ([, noun, verb]) => nouns.has(noun) && `${noun} ${verb}` !== "events tail",
  );
  for (const [, noun, verb] of commands) expect(operations).toHaveProperty([`${noun ?? ""}.${verb ?? ""}`]);
  for (const setting of Object.keys(platform.settings.entries)) expect(text).toContain(`\`${setting}\``);
  for (const kind of ["app-password", "account-password", "bot-secret"]) expect(text).toContain(`\`${kind}\``);
});
