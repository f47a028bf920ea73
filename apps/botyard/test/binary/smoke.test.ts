import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { binary, createUser, onDeno, type Running } from "./binary.ts";

test("found on the PATH it is called by its name, and the line to paste makes no function of that name", async () => {
  const user = createUser();
  onTestFinished(() => rmSync(user.home, { recursive: true, force: true }));
  const env = { PATH: `${dirname(binary)}${delimiter}${process.env["PATH"] ?? ""}` };
  const found = user.start(["demo"], { env });
  const printed = await found.printed("What happens in the room");
  found.child.kill("SIGTERM");
  await found.ended;
  const [settings = ""] = /^ {2}export .*$/m.exec(printed) ?? [];
  expect(settings.trim()).toMatch(/^export BOTYARD_URL=\S+ BOTYARD_KEY=by_\w+$/);
});

describe.each([
  { name: "the binary", program: [binary] },
  { name: "on Deno", program: onDeno },
])("$name", ({ program }) => {
  const user = createUser(program);
  afterAll(() => rmSync(user.home, { recursive: true, force: true }));

  test("it says its version", async () => {
    expect(await user.botyard(["--version"])).toEqual({ code: 0, stdout: `botyard ${manifest.version}\n`, stderr: "" });
  });

  test("a command that is none is an error with a way on, and no stack", async () => {
    const { code, stdout, stderr } = await user.botyard(["conections", "list"]);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^error: invalid {2}/);
    expect(stderr).toContain("connections");
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test("looking leaves no files", async () => {
    await user.botyard(["--help"]);
    await user.botyard(["bots", "list"]);
    expect(readdirSync(user.home)).toEqual([]);
  });

  test("nothing of the folder it starts in reaches it", async () => {
    const cwd = join(user.home, "hostile");
    const marker = join(cwd, "ran");
    mkdirSync(join(cwd, "node_modules/valibot"), { recursive: true });
    const evil = `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "");`;
    writeFileSync(join(cwd, "evil.cjs"), evil);
    writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./evil.cjs"]\n');
    writeFileSync(join(cwd, ".env"), "BUN_OPTIONS=--preload ./evil.cjs\nBOTYARD_URL=http://127.0.0.1:9\n");
    const remapped = { "node:fs": "./evil.mjs", "node:child_process": "./evil.mjs", "node:util": "./evil.mjs" };
    writeFileSync(join(cwd, "deno.json"), JSON.stringify({ imports: remapped }));
    writeFileSync(join(cwd, "evil.mjs"), `Deno.writeTextFileSync(${JSON.stringify(marker)}, "");`);
    writeFileSync(join(cwd, "tsconfig.json"), '{ "compilerOptions": { "paths": { "*": ["./evil.cjs"] } } }\n');
    writeFileSync(join(cwd, "package.json"), '{ "imports": { "#x": "./evil.cjs" }, "main": "./evil.cjs" }\n');
    writeFileSync(join(cwd, "node_modules/valibot/package.json"), '{ "name": "valibot", "main": "./index.cjs" }\n');
    writeFileSync(join(cwd, "node_modules/valibot/index.cjs"), evil);
    const here = await user.botyard(["connections", "list"], { cwd });
    const elsewhere = await user.botyard(["connections", "list"]);
    expect(here).toEqual(elsewhere);
    expect(existsSync(marker)).toBe(false);
  });

  describe("demo", () => {
    let demo: Running | undefined;
    afterAll(() => demo?.child.kill("SIGKILL"));

    test("its four lines work as pasted, and nothing is left behind", async () => {
      rmSync(join(user.home, "hostile"), { recursive: true, force: true });
      demo = user.start(["demo"]);
      const printed = await demo.printed("What happens in the room");
      const [settings = "", ...lines] = printed.split("\n").flatMap((line) => /^ {2}(\S.*)$/.exec(line)?.[1] ?? []);
      expect(lines).toHaveLength(3);
      for (const line of lines) {
        const { code, stdout, stderr } = await user.shell(`${settings}\n${line}`);
        expect({ line, code, error: /error/.test(stderr) ? stderr : "" }).toEqual({ line, code: 0, error: "" });
        if (line.includes("events list")) expect(stdout).toContain("are you there?");
      }
      await demo.printed("yes, I am");
      demo.child.kill("SIGTERM");
      expect((await demo.ended).code).toBe(0);
      expect(readdirSync(user.home)).toEqual([]);
    });
  });
});
