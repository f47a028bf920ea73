// npm run test:schemathesis [-- --max-examples 50]
// Schemathesis against a running service: it reads /openapi.json and calls every operation with what fits and what does
// not. Fails where the service answers 5xx for a reason of its own, or anything its document does not say.
// Needs Python 3 with venv; the environment is kept outside of the checkout and made at the first run.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const version = "4.32.5";
const main = join(import.meta.dirname, "../apps/botyard/src/main.ts");
const { values } = parseArgs({ options: { "max-examples": { type: "string", default: "25" } } });

const checks = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "negative_data_rejection",
  "ignored_auth",
  "unsupported_method",
];

/** Made once: `~/.cache/botyard/schemathesis-4.32.5/bin/schemathesis`. */
function schemathesis(): string {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "botyard", `schemathesis-${version}`);
  const program = join(folder, "bin", "schemathesis");
  if (existsSync(program)) return program;
  console.log(`making ${folder} …`);
  must("python3", ["-m", "venv", folder]);
  must(join(folder, "bin", "pip"), ["install", "--quiet", `schemathesis==${version}`]);
  return program;
}

function must(command: string, args: readonly string[], env = process.env, cwd?: string): void {
  const { status } = spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"], env, cwd });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
}

interface Running {
  readonly url: string;
  readonly key: string;
  end(): Promise<number>;
}

/** A service with a sandbox `chat`, a bot `helper` in its lobby, and data that goes with it. */
async function startService(folder: string): Promise<Running> {
  const data = join(folder, "data");
  const home = join(folder, "home");
  mkdirSync(home);
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, BOTYARD_DATA: data, NO_COLOR: "1" };
  const args = [main, "serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"];
  const service = spawn(process.execPath, args, { env, cwd: home, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number>((resolve) => service.once("close", (code) => resolve(code ?? 1)));
  let out = "";
  const url = await new Promise<string>((resolve, reject) => {
    service.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      const found = /(http:\/\/127\.0\.0\.1:\d+) · reference/.exec(out)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then((code) => reject(new Error(`the service ended with ${code}`)));
  });
  for (const line of [
    "connect sandbox --id chat",
    "bots create helper --display-name Helper",
    "rooms add-bot lobby helper",
    "messages send lobby hello --as helper",
  ])
    must(process.execPath, [main, ...line.split(" ")], env, home);
  return {
    url,
    key: readFileSync(join(data, "admin.key"), "utf8").trim(),
    end() {
      service.kill("SIGTERM");
      return ended;
    },
  };
}

/** Once with names that mean nothing, once with a connection, a bot and a room that are there. */
function configuration(known: boolean): string {
  const parameters = { connection: "chat", bot: "helper", room: "lobby", consumer: "reader" };
  const lines = Object.entries(parameters).map(([name, value]) => `"path.${name}" = "${value}"`);
  return [
    // 431: what is too long is refused as well, by the runtime's own server.
    "[checks.negative_data_rejection]",
    `expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "429", "431"]`,
    ...(known ? ["[parameters]", ...lines] : []),
    "",
  ].join("\n");
}

/** What takes away the ground the others stand on, or waits for ever. */
const apart = ["connections.delete", "bots.delete", "bots.release", "events.stream", "sandbox.fault"];

function attack(program: string, { url, key }: Running, folder: string, known: boolean): Promise<number> {
  const file = join(folder, `schemathesis-${known}.toml`);
  writeFileSync(file, configuration(known));
  const options = {
    header: `Authorization:Bearer ${key}`,
    url,
    checks: checks.join(","),
    phases: "examples,coverage,fuzzing",
    "max-examples": values["max-examples"],
    seed: "8470",
    // With more, Python 3.11 now and then fails in its own parser: "AST constructor recursion depth mismatch".
    workers: "1",
    // A long poll may take a minute.
    "request-timeout": "90",
    "suppress-health-check": "all",
    warnings: "off",
  };
  const args = [
    "--config-file",
    file,
    "run",
    `${url}/openapi.json`,
    "--continue-on-failure",
    "--no-color",
    ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
    ...(known ? apart : ["events.stream"]).flatMap((name) => ["--exclude-operation-id", name]),
  ];
  const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
}

const program = schemathesis();
const folder = mkdtempSync(join(tmpdir(), "botyard-schemathesis-"));
try {
  const service = await startService(folder);
  const codes = [await attack(program, service, folder, false), await attack(program, service, folder, true)];
  const ended = await service.end();
  console.log(`without names ${codes[0]} · with names ${codes[1]} · the service ended with ${ended}`);
  process.exitCode = codes.some((code) => code !== 0) || ended !== 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
