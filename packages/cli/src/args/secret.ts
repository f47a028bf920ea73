import { readFile } from "node:fs/promises";
import { BotyardError } from "@botyard/sdk";
import type { Io } from "../io.ts";
import { usage } from "./parse.ts";

/** All of standard input as text, without the line end at its end. */
export async function readStdinText(io: Io): Promise<string> {
  return (await new Response(io.stdin()).text()).replace(/\r?\n$/, "");
}

export async function readTextFile(path: string, flag: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new BotyardError("invalid", `${flag}: the file ${path} cannot be read`, { cause });
  }
}

/**
 * A secret as it may be given on a command line: `env:NAME`, `file:PATH` or `-` for standard input. The secret itself is
 * refused: it would stand in the shell's history and in the list of processes.
 */
export async function readSecret(given: string, flag: string, io: Io): Promise<string> {
  if (given === "-") return readStdinText(io);
  if (given.startsWith("env:")) {
    const value = io.env[given.slice(4)];
    if (!value) throw usage(`${flag}: the environment variable ${given.slice(4)} is not set`);
    return value;
  }
  if (given.startsWith("file:")) return (await readTextFile(given.slice(5), flag)).trim();
  throw usage(
    `${flag} takes no secret on the command line, where history and process lists keep it`,
    `${flag} env:NAME | file:PATH | -`,
  );
}
