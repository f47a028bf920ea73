import { readFile, stat } from "node:fs/promises";
import { BotyardError } from "@botyard/sdk";
import type { Globals } from "../globals.ts";
import type { Io } from "../io.ts";
import type { Session } from "../session.ts";
import { loginFileOf, readLogin } from "./login-file.ts";
import { dataFiles } from "./paths.ts";
import { readServiceFile } from "./service-file.ts";

/** A service to send commands to. */
export interface FoundService {
  readonly url: string;
  readonly key: string;
}

export interface FindWorld {
  readonly io: Io;
  readonly globals: Pick<Globals, "url">;
  readonly dataDir: string;
  /** Whether the data directory is the system's place and was not chosen. */
  readonly usualDataDir: boolean;
  /** How the program is called. */
  readonly self: string;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Whether nobody named a place for the data: then a service of the usual place is looked for. */
export function isUsualDataDir({ globals, io, config }: Pick<Session, "globals" | "io" | "config">): boolean {
  return globals.data === null && !io.env["BOTYARD_DATA"] && config.file === null;
}

/** Where a service listens when nothing else is configured. */
const usualUrl = "http://127.0.0.1:8470";

async function answers(url: string, world: FindWorld): Promise<boolean> {
  const get = world.fetch ?? ((target, init) => fetch(target, init));
  try {
    const response = await get(`${url}/healthz`, { signal: AbortSignal.timeout(2000), redirect: "error" });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function readKey(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim() || null;
  } catch {
    return null;
  }
}

/** Name of who owns a file, where the system tells. */
async function ownerOf(path: string): Promise<string | null> {
  try {
    const { uid } = await stat(path);
    const passwd = await readFile("/etc/passwd", "utf8");
    return (
      passwd
        .split("\n")
        .find((line) => line.split(":")[2] === String(uid))
        ?.split(":")[0] ?? null
    );
  } catch {
    return null;
  }
}

/** Said before a key is asked for that could not be used. */
const nobody = (url: string): BotyardError =>
  new BotyardError("unreachable", `no Botyard service answers at ${url}`, { fix: "botyard serve", effect: "none" });

async function noKey(url: string, world: FindWorld): Promise<BotyardError> {
  const { io, self } = world;
  const owner = await ownerOf(dataFiles(world.dataDir).adminKey);
  const me = io.env["USER"] ?? "me";
  const whose = owner && owner !== me ? `belongs to user "${owner}"` : `is not in ${world.dataDir}`;
  return new BotyardError("unauthenticated", `a Botyard service answers at ${url}, but its key ${whose}`, {
    fix: `${owner && owner !== me ? `sudo -u ${owner} ` : ""}${self} keys create ${me} --preset admin, then ${self} login ${url}`,
  });
}

/**
 * The service commands go to: `--url` or BOTYARD_URL with BOTYARD_KEY, else the one that runs on the data directory.
 * else the one `login` keeps. Null where none runs. A service that answers and whose key cannot be read throws `unauthenticated`, with the fix.
 */
export async function findService(world: FindWorld): Promise<FoundService | null> {
  const { io, globals, dataDir } = world;
  const key = io.env["BOTYARD_KEY"] || null;
  const named = globals.url ?? (io.env["BOTYARD_URL"] || null);
  const file = await readServiceFile(dataDir);
  const login = await readLogin(loginFileOf(io.env));
  if (named !== null) {
    if (!URL.canParse(named)) throw new BotyardError("invalid", "--url expects an address like http://127.0.0.1:8470");
    const url = named.replace(/\/+$/, "");
    const own = file?.url === url ? await readKey(dataFiles(dataDir).adminKey) : null;
    const found = key ?? own ?? (login?.url === url ? login.key : null);
    if (!found) throw (await answers(url, world)) ? await noKey(url, world) : nobody(url);
    return { url, key: found };
  }
  if (file) {
    if (!(await answers(file.url, world))) return null;
    const found = key ?? (await readKey(dataFiles(dataDir).adminKey)) ?? (login?.url === file.url ? login.key : null);
    if (!found) throw await noKey(file.url, world);
    return { url: file.url, key: found };
  }
  if (login && world.usualDataDir) return { url: login.url, key: key ?? login.key };
  // Another user's service, or a demo: better said than worked around in a second process.
  if (world.usualDataDir && !(await stat(dataDir).catch(() => null)) && (await answers(usualUrl, world))) {
    if (key) return { url: usualUrl, key };
    throw await noKey(usualUrl, world);
  }
  return null;
}
