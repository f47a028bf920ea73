import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadConfig } from "@botyard/core";
import { errorCodes, errorTable } from "@botyard/sdk";
import { describe, expect, it } from "vitest";
import { platforms } from "../src/platforms.gen.ts";
import { createMachine } from "./program.ts";
import { inOrder, renderServers } from "./servers-page.ts";

/** What the README and its neighbours say is so: commands, flags, files, names, tables. */

const root = join(import.meta.dirname, "../../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const readme = text("README.md");
const pages = ["README.md", ...globSync(["docs/*.md", "packages/*/README.md", "plugins/*/README.md"], { cwd: root })];
const blocks = (page: string, language: string): string[] =>
  [...text(page).matchAll(new RegExp(`^\`\`\`(?:${language})\\n([^]*?)^\`\`\`$`, "gm"))].map(([, code = ""]) => code);
const all = await Promise.all(Object.values(platforms).map((load) => load()));

it("names the platforms that are built in, and no other", () => {
  const titles = inOrder(all).map(({ title }) => title);
  const named = /^Built in: (.*)\.$/m.exec(readme)?.[1]?.replace(/ \(.*\)$/, "");
  expect(named, "the line `Built in: …` of README.md").toBe(titles.join(" · "));
});

it("says what each server can do as the platforms declare it", async () => {
  await expect(renderServers(all)).toMatchFileSnapshot(join(root, "docs/reference/servers.md"));
});

it("shows the Python program of the examples", () => {
  const [shown] = blocks("README.md", "python");
  expect(text("examples/echo-python/bot.py").replace(/^(?:#.*\n)+/, "")).toBe(shown);
});

it("shows every error code with its exit code", () => {
  const rows = [...readme.matchAll(/^\| (\d+) +\| (.*?) +\| ([\d, ]*?) *\|$/gm)];
  const shown = rows.flatMap(([, exit, codes = "", statuses = ""]) => {
    const named = [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => code).filter((code) => code && code in errorTable);
    const each = statuses.split(", ");
    return named.map((code, at) => `${code} ${exit} ${each[at] ?? each[0]}`);
  });
  expect(shown.toSorted()).toEqual(
    errorCodes.map((code) => `${code} ${errorTable[code].exit} ${errorTable[code].status}`).toSorted(),
  );
});

it("shows the configuration file with what holds without one", () => {
  const machine = createMachine();
  const file = join(machine.folder, "botyard.yaml");
  writeFileSync(file, blocks("README.md", "yaml")[0] ?? "");
  const place = { env: {}, platform: "linux", home: machine.folder };
  expect(loadConfig({ config: file }, place)).toEqual({ ...loadConfig({}, place), file });
});

describe("links", () => {
  for (const page of pages)
    it(`of ${page} lead somewhere`, () => {
      for (const [, target = ""] of text(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)/g))
        if (target !== "") expect(existsSync(join(root, dirname(page), target)), target).toBe(true);
      const heads = [...text(page).matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) =>
        head
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      for (const [, anchor] of text(page).matchAll(/\]\(#([^)]*)\)/g)) expect(heads).toContain(anchor);
    });
});

interface Line {
  readonly page: string;
  readonly words: readonly string[];
  readonly flags: readonly string[];
}

/** Every `botyard …` of code blocks and of inline code. */
function commandLines(): Line[] {
  return pages.flatMap((page) => {
    const inline = [...text(page).matchAll(/`(botyard [a-z][^`\n]*)`/g)].map(([, line = ""]) => line);
    const code = blocks(page, "|sh|console")
      .join("\n")
      .replaceAll("\\\n", " ")
      .split("\n")
      .flatMap((line) => [...(/(?:^|\$\(|\$ |\| )(botyard [a-z].*)$/.exec(line)?.slice(1) ?? [])]);
    return [...inline, ...code].map((line) => {
      const bare = line.replace(/ {2,}.*$/, "").replaceAll(/'[^']*'|"[^"]*"/g, "x");
      return {
        page,
        words: bare
          .split(" ")
          .slice(1, 3)
          .filter((word) => /^[a-z][a-z-]*$/.test(word)),
        flags: [...bare.matchAll(/ (--[a-z-]+)/g)].map(([, flag = ""]) => flag),
      };
    });
  });
}

describe("commands", () => {
  const lines = commandLines();
  it("are found", () => expect(lines.length).toBeGreaterThan(20));

  it("exist, with their flags", async () => {
    const machine = createMachine();
    const help = new Map<string, string>();
    const unknown: string[] = [];
    for (const { page, words, flags } of lines) {
      const [noun = "", verb] = words;
      let shown = "";
      // `bots create` is a command of two words, `connect matrix` one with an argument.
      for (const command of verb === undefined ? [[noun]] : [[noun, verb], [noun]]) {
        const key = command.join(" ");
        if (!help.has(key)) {
          const { code, out } = await machine.run([...command, "--help"]);
          help.set(key, code === 0 ? out : "");
        }
        shown = help.get(key) ?? "";
        if (shown !== "") break;
      }
      if (shown === "") unknown.push(`${page}: botyard ${words.join(" ")}`);
      // What `connect` takes beside its own flags depends on the platform.
      else if (noun === "connect") {
        const ours = all.some(({ id, namespace }) => id === verb || namespace === verb);
        // One that the page itself has made before; done by binary/plugin-page.test.ts.
        const made = text(page).includes(`botyard plugins new ${verb}\n`);
        if (verb !== undefined && !ours && !made) unknown.push(`${page}: botyard connect ${verb}: no such platform`);
      } else
        for (const flag of flags)
          if (!new RegExp(`${flag}\\b`).test(shown)) unknown.push(`${page}: botyard ${words.join(" ")} ${flag}`);
    }
    expect(unknown).toEqual([]);
  }, 240_000);
});

describe("imports", () => {
  for (const page of pages)
    it(`in ${page} name what exists`, () => {
      for (const code of blocks(page, "ts"))
        for (const [, names = "", from = ""] of code.matchAll(
          /import (?:type )?\{([^}]*)\} from "@botyard\/([a-z-]+)"/g,
        )) {
          const folder = existsSync(join(root, "packages", from)) ? `packages/${from}` : `plugins/${from}`;
          const sources = globSync("**/*.ts", { cwd: join(root, folder, "src") });
          const source = sources.map((file) => text(`${folder}/src/${file}`)).join("\n");
          for (const name of names.split(",").map((one) => one.replace(/\btype\b/, "").trim()))
            expect(source, `${name} of @botyard/${from}`).toMatch(
              new RegExp(
                `export (?:async )?(?:function|const|class|interface|type) ${name}\\b|export \\{[^}]*\\b${name}\\b`,
              ),
            );
        }
    });
});
