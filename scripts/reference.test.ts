import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import sandbox from "../plugins/sandbox/src/index.ts";
import { pseudoOperations } from "../packages/core/src/access/grants.ts";
import { describeTable } from "../packages/core/src/index.ts";
import { platforms } from "../apps/botyard/src/platforms.gen.ts";
import { errorsPage, metricsPage, operationsPage } from "./reference.ts";

const root = join(import.meta.dirname, "..");
const all = await Promise.all(Object.values(platforms).map((load) => load()));
const { descriptors } = describeTable(all);
const nouns = new Set([...descriptors.values()].map(({ noun }) => noun));
const guides = ["README.md", ...globSync(["docs/*.md", "examples/*/README.md"], { cwd: root })];
const read = (path: string): string => readFileSync(join(root, path), "utf8");

describe("generated pages", () => {
  it("name every operation once, with its route", () => {
    const page = operationsPage(all);
    for (const { name, method, path } of descriptors.values())
      expect(
        page.split("\n").filter((line) => line.startsWith(`| \`${name}\` `) && line.includes(`${method} ${path}\``)),
      ).toHaveLength(1);
  });

  it("say of whom a platform's own operations are", () => {
    expect(operationsPage([sandbox])).toContain("## sandbox\n\nOf the platform `sandbox` alone.");
    expect(operationsPage([])).not.toContain("sandbox");
  });

  it("keep a table a table", async () => {
    for (const page of [operationsPage(all), errorsPage(), await metricsPage()]) {
      const rows = page.split("\n").filter((line) => line.startsWith("|"));
      expect(rows.length).toBeGreaterThan(10);
      for (const line of rows) expect(line).toMatch(/^\| .* \|$/);
    }
  });

  it("list what /metrics can say, with its labels", async () => {
    expect(await metricsPage()).toContain("| `botyard_connection_state` | gauge | `connection` `platform` `state` |");
  });
});

describe("guides", () => {
  for (const guide of guides) {
    it(`${guide}: operations are there`, () => {
      const named = [...read(guide).matchAll(/`([a-z]+)\.([a-z-]+)`/g)];
      const unknown = named.filter(([, noun = "", verb]) => nouns.has(noun) && !isKnown(noun, verb ?? ""));
      expect(unknown.map(([text]) => text)).toEqual([]);
    });

    it(`${guide}: routes are there`, () => {
      const patterns = [...descriptors.values()].map(({ method, path }) => ({
        method,
        pattern: new RegExp(`^/v1${path.replace(/\{[^}]+\}/g, "[^/]+")}$`),
      }));
      const named = [...read(guide).matchAll(/\b(GET|POST|PUT|PATCH|DELETE) (\/v1\/[^\s`?"]+)/g)];
      const unknown = named.filter(
        ([, method, path = ""]) => !patterns.some((each) => each.method === method && each.pattern.test(path)),
      );
      expect(unknown.map(([text]) => text)).toEqual([]);
    });
  }

  it("name figures that /metrics has", async () => {
    const page = await metricsPage();
    const named = guides.flatMap((guide) => read(guide).match(/\bbotyard_[a-z_]+/g) ?? []);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(page).toContain(`\`${name}\``);
  });
});

/** An operation, a right that is none, or a kind of them: `events.read`. */
function isKnown(noun: string, verb: string): boolean {
  const name = `${noun}.${verb}`;
  return descriptors.has(name) || verb === "read" || verb === "write" || pseudoOperations.some((each) => each === name);
}
