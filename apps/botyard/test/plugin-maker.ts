import { execFile } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { toTarball, unpack } from "@botyard/plugins/testing";
import { createSimulator, type Simulator } from "@botyard/pigeon/simulator";
import { onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../../..");
const template = join(root, "examples/platform");

export interface Wanted {
  readonly version: string;
  /** Default: `pigeon`. */
  readonly id?: string;
  /** Text instead of text, in every source file. */
  readonly edit?: Readonly<Record<string, string>>;
  /** What its author writes into the field `botyard`. */
  readonly botyard?: Readonly<Record<string, unknown>>;
}

/** Source of a plugin as somebody outside this repository has it: a copy of examples/platform. Returns its folder. */
export function writePlugin(folder: string, { version, id = "pigeon", edit = {}, botyard = {} }: Wanted): string {
  const target = join(folder, `${id}-${version}-source`);
  const skip = /(?:^|[\\/])(?:node_modules|test|\.results|\.turbo)(?:[\\/]|$)/;
  cpSync(template, target, {
    recursive: true,
    filter: (from) => !skip.test(relative(template, from)),
  });
  symlinkSync(join(template, "node_modules"), join(target, "node_modules"));
  const change = (path: string): void => {
    let text = readFileSync(join(target, path), "utf8");
    for (const [from, to] of Object.entries(edit)) text = text.replaceAll(from, to);
    writeFileSync(join(target, path), text.replaceAll("pigeon", id));
  };
  for (const path of ["index", "session", "capabilities", "receive", "api", "wire", "operations/messages"])
    change(`src/${path}.ts`);
  const json = JSON.parse(readFileSync(join(target, "package.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(
    join(target, "package.json"),
    JSON.stringify({ ...json, name: `botyard-${id}`, version, private: undefined, botyard }),
  );
  return target;
}

/** `botyard plugins pack`, by Bun: Deno has no bundler. Returns the tarball. */
export async function packPlugin(folder: string, wanted: Wanted): Promise<string> {
  const source = writePlugin(folder, wanted);
  const bun = join(root, "node_modules/.bin/bun");
  const main = join(root, "apps/botyard/src/main.ts");
  const args = [main, "plugins", "pack", source, "--out", folder, "--json"];
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const { stdout } = await promisify(execFile)(bun, args, { cwd: folder, env });
  return (JSON.parse(stdout) as { file: string }).file;
}

/** The tarball with its package.json changed by hand: what it says is no longer what the code is. */
export async function forge(tarball: string, change: (json: Forged) => void): Promise<string> {
  const files = new Map(await unpack(readFileSync(tarball)));
  const json = JSON.parse(new TextDecoder().decode(files.get("package.json"))) as Forged;
  change(json);
  files.set("package.json", new TextEncoder().encode(JSON.stringify(json)));
  const forged = tarball.replace(/\.tgz$/, `-forged-${Math.random().toString(36).slice(2)}.tgz`);
  writeFileSync(forged, await toTarball(files));
  return forged;
}

/** As much of a packed package.json as forgers touch. */
export interface Forged {
  version: string;
  botyard: {
    id: string;
    contract: string;
    description: {
      id: string;
      capabilities: Record<string, unknown>;
      credentials: Record<string, unknown>;
      native: unknown[];
      contract: number;
    };
  };
}

/** A Pigeon server on a free port, with a room and a person in it. */
export async function startPigeon(): Promise<{
  readonly url: string;
  readonly simulator: Simulator;
  say(text: string): void;
  transcript(): readonly string[];
}> {
  const simulator = createSimulator();
  const { room_id: room } = simulator.addRoom("lobby");
  const alice = simulator.addUser("alice", room);
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on("data", (chunk: Buffer) => body.push(chunk));
    request.on("end", () => {
      const gone = new AbortController();
      response.on("close", () => gone.abort());
      const method = request.method ?? "GET";
      void simulator
        .fetch(
          new Request(`http://${request.headers.host}${request.url}`, {
            method,
            headers: request.headers as Record<string, string>,
            signal: gone.signal,
            ...(method === "GET" || method === "HEAD" ? {} : { body: Buffer.concat(body) }),
          }),
        )
        .then(async (answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers));
          response.end(Buffer.from(await answer.arrayBuffer()));
        })
        .catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    simulator,
    say: (text) => void simulator.say(room, alice, text),
    transcript: () => simulator.transcript(room),
  };
}
