import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUser, type Running } from "./binary.ts";

/** A service that is started in a folder somebody else filled, with everything that a runtime might pick up there. */

const user = createUser();
const hostile = join(user.home, "hostile");
const empty = join(user.home, "empty");
const marker = join(user.home, "it-ran");
afterAll(() => rmSync(user.home, { recursive: true, force: true }));

/** Everything the binary imports by name, and two that a runtime asks for itself. */
const packages =
  "valibot hono hono/html ofetch consola consola/core citty confbox ulid marked " +
  "prom-client standardwebhooks @valibot/to-json-schema @bomb.sh/tab ws bun undici " +
  "@botyard/sdk @botyard/core @botyard/http @botyard/cli @botyard/client " +
  "@botyard/sandbox @botyard/talk @botyard/stoat @botyard/mattermost @botyard/matrix-appservice";

beforeAll(() => {
  mkdirSync(empty);
  mkdirSync(hostile);
  const evil = `require("node:fs").appendFileSync(${JSON.stringify(marker)}, __filename + "\\n");`;
  const put = (path: string, text: string): void => {
    mkdirSync(join(hostile, path, ".."), { recursive: true });
    writeFileSync(join(hostile, path), text);
  };
  put("evil.cjs", evil);
  for (const name of ["bunfig.toml", ".bunfig.toml"])
    put(name, 'preload = ["./evil.cjs"]\n[run]\nbun = true\n[test]\npreload = ["./evil.cjs"]\n');
  const environment = [
    "BUN_OPTIONS=--preload ./evil.cjs",
    "NODE_OPTIONS=--require ./evil.cjs",
    `BOTYARD_DATA=${join(hostile, "data")}`,
    "BOTYARD_URL=http://127.0.0.1:9",
    "BOTYARD_KEY=by_stolen",
    `BOTYARD_SEAL_FILE=${join(hostile, "evil.cjs")}`,
    "",
  ].join("\n");
  for (const name of [".env", ".env.local", ".env.production", ".env.development"]) put(name, environment);
  put("botyard.yaml", "listen: 127.0.0.1:9\nlog: { level: silent }\n");
  put("tsconfig.json", '{ "compilerOptions": { "paths": { "*": ["./evil.cjs"] } } }\n');
  put("jsconfig.json", '{ "compilerOptions": { "paths": { "*": ["./evil.cjs"] } } }\n');
  put("deno.json", '{ "imports": { "valibot": "./evil.cjs" } }\n');
  const imports = Object.fromEntries(packages.split(" ").map((name) => [`#${name}`, "./evil.cjs"]));
  const manifest = { name: "botyard", main: "./evil.cjs", exports: "./evil.cjs", type: "commonjs", imports };
  put("package.json", JSON.stringify({ ...manifest, scripts: { preinstall: "node evil.cjs" } }));
  for (const path of ["index.js", "main.js", "apps/botyard/src/main.ts", "src/main.ts"]) put(path, evil);
  for (const name of packages.split(" ")) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "./index.cjs" }));
    put(`node_modules/${name}/index.cjs`, evil);
  }
}, 30_000);

interface Served {
  readonly openapi: string;
  readonly docs: number;
  readonly connected: readonly number[];
  readonly said: string;
}

/** Starts it there, makes it load every platform, and asks for its pages. */
async function serveIn(cwd: string): Promise<Served> {
  const data = join(user.home, `data-${cwd === hostile ? "hostile" : "empty"}`);
  const args = ["serve", "--json", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"];
  const service: Running = user.start(args, { cwd, env: { BOTYARD_DATA: data } });
  try {
    const { url } = JSON.parse((await service.printed("}\n")).split("\n")[0] ?? "") as { url: string };
    const key = readFileSync(join(data, "admin.key"), "utf8").trim();
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const connected: number[] = [];
    for (const platform of ["sandbox", "matrix", "mattermost", "talk", "stoat"]) {
      const body = JSON.stringify({
        platform,
        id: platform,
        ...(platform === "sandbox" ? {} : { url: "http://127.0.0.1:9" }),
      });
      connected.push((await fetch(`${url}/v1/connections`, { method: "POST", headers, body })).status);
    }
    const list = await user.botyard(["connections", "list", "--json"], { cwd, env: { BOTYARD_DATA: data } });
    expect(list.stderr).toBe("");
    return {
      openapi: await (await fetch(`${url}/openapi.json`)).text(),
      docs: (await fetch(`${url}/docs`)).status,
      connected,
      said: (JSON.parse(list.stdout) as { items: { id: string }[] }).items.map(({ id }) => id).join(" "),
    };
  } finally {
    service.child.kill("SIGTERM");
    await service.ended;
  }
}

test("a service in a hostile folder is the same as in an empty one", async () => {
  const before = readdirSync(hostile, { recursive: true }).length;
  const there = await serveIn(hostile);
  expect(there).toEqual(await serveIn(empty));
  expect(there.said).toContain("sandbox");
  expect(existsSync(marker) ? readFileSync(marker, "utf8") : "").toBe("");
  expect(readdirSync(hostile, { recursive: true })).toHaveLength(before);
});

test("commands there read nothing of it either", async () => {
  for (const argv of [["--help"], ["bots", "list"], ["doctor"], ["status"], ["completion", "bash"]]) {
    const [here, elsewhere] = [await user.botyard(argv, { cwd: hostile }), await user.botyard(argv, { cwd: empty })];
    expect(here).toEqual(elsewhere);
  }
  expect(existsSync(marker)).toBe(false);
});
