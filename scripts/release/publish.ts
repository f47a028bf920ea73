// Publishing needs an account of the registry, also with --dry-run. So it is rehearsed against a registry of our own on the
// loopback, which takes what is sent and keeps nothing: the same command, the same request, another address.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** What a registry is sent for one version. */
interface Published {
  readonly name: string;
  readonly "dist-tags": Readonly<Record<string, string>>;
  readonly versions: Readonly<
    Record<
      string,
      {
        readonly dependencies?: Readonly<Record<string, string>>;
        readonly dist?: { readonly integrity?: string };
      }
    >
  >;
  readonly _attachments: Readonly<Record<string, { readonly data: string; readonly length: number }>>;
}

const token = "a-token-of-the-rehearsal";

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

/** Why a registry, or whoever installs from it, would not take it; null: it would. */
function wrongWith(sent: Published, tarballs: ReadonlyMap<string, string>): string | null {
  const [version = ""] = Object.keys(sent.versions);
  const manifest = sent.versions[version];
  if (sent["dist-tags"]["latest"] !== version) return "no tag latest";
  for (const [name, wanted] of Object.entries(manifest?.dependencies ?? {}))
    if (/^(?:workspace|catalog|file|link):/.test(wanted)) return `dependency ${name}: ${wanted}`;
  const [attachment] = Object.values(sent._attachments);
  if (!attachment) return "no tarball";
  const bytes = Buffer.from(attachment.data, "base64");
  if (bytes.byteLength !== attachment.length) return "the tarball is cut off";
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  if (manifest?.dist?.integrity !== undefined && manifest.dist.integrity !== integrity) return "a wrong integrity";
  return tarballs.has(integrity) ? null : "another tarball than the one that was checked";
}

/**
 * Publishes every tarball of a folder to a registry on the loopback. Throws where one is refused, or where what arrives is
 * not what was packed. `say`: told each name.
 */
export async function rehearsePublishing(folder: string, say: (line: string) => void = console.log): Promise<void> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const tarballs = new Map(
    files.map((name) => [
      `sha512-${createHash("sha512")
        .update(readFileSync(join(folder, name)))
        .digest("base64")}`,
      name,
    ]),
  );
  const taken: string[] = [];
  const wrong: string[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${token}`) return reply(401, { error: "who is there?" });
    if (request.method !== "PUT") return reply(404, { error: "not found" });
    const sent = JSON.parse(await bodyOf(request)) as Published;
    const why = wrongWith(sent, tarballs);
    if (why !== null) wrong.push(`${sent.name}: ${why}`);
    taken.push(sent.name);
    return reply(why === null ? 201 : 400, why === null ? { ok: true } : { error: why });
  }
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const home = mkdtempSync(join(tmpdir(), "botyard-publish-"));
  try {
    writeFileSync(join(home, ".npmrc"), `registry=${registry}\n${registry.slice(5)}:_authToken=${token}\n`);
    // Bun looks for one, also where a tarball is named.
    writeFileSync(join(home, "package.json"), "{}\n");
    for (const name of files) {
      const { code, text } = await run(["publish", resolve(folder, name), "--access", "public"], home);
      if (code !== 0) throw new Error(`bun publish ${name} failed\n${wrong.join("\n")}\n${text}`);
    }
  } finally {
    server.close();
    rmSync(home, { recursive: true, force: true });
  }
  if (taken.length !== files.length)
    throw new Error(`published ${taken.length} of ${files.length}: ${taken.join(", ")}`);
  say(`ok  published to a registry on the loopback: ${taken.toSorted().join(", ")}`);
}

/** In a folder of its own, with a home of its own: an account of the person who rehearses is never used. */
function run(args: readonly string[], home: string): Promise<{ readonly code: number; readonly text: string }> {
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1" };
  const child = spawn(process.execPath, args, { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (part) => (text += part));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code: code ?? 1, text }));
  });
}
