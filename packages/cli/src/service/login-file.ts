import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { defaultConfigFile } from "@botyard/core";

/** What `login` keeps. */
export interface Login {
  /** `http://127.0.0.1:8470` */
  readonly url: string;
  readonly key: string;
}

/** `login.json` beside the configuration file of this user. */
export function loginFileOf(env: Readonly<Record<string, string | undefined>>): string {
  const place = { env, platform: process.platform, home: env["HOME"] || homedir() };
  return join(dirname(defaultConfigFile(place)), "login.json");
}

/** 0600, and never half written. */
export async function writeLogin(file: string, login: Login): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${JSON.stringify(login)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Null where there is none, or none that can be read. */
export async function readLogin(file: string): Promise<Login | null> {
  try {
    const { url, key } = JSON.parse(await readFile(file, "utf8")) as Partial<Login>;
    return typeof url === "string" && typeof key === "string" ? { url, key } : null;
  } catch {
    return null;
  }
}
