import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { runToEnd } from "../process.ts";

/** A counterpart that can be started, or why it is not on this machine. */
export type Installed =
  | { readonly name: string; readonly command: readonly [string, ...string[]] }
  | { readonly name: string; readonly missing: string };

const cache = (): string => join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "botyard", "bench");

/** Makes a folder of the user's cache once; an interrupted making is begun again. */
async function once(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cache(), name);
  const mark = join(folder, "complete");
  if (existsSync(mark)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await make(folder);
  writeFileSync(mark, "");
  return folder;
}

async function installed(name: string, command: () => Promise<readonly [string, ...string[]]>): Promise<Installed> {
  try {
    return { name, command: await command() };
  } catch (error) {
    // The installers say last what it was.
    const said = (error instanceof Error ? error.message : String(error))
      .split("\n")
      .filter((line) => !/^\s*$|complete log/.test(line));
    return { name, missing: `could not be installed here: ${(said.at(-1) ?? "").slice(0, 300)}` };
  }
}

const mautrixVersion = "0.21.1";
const appserviceVersion = "3.0.0";

/** mautrix-python from PyPI, in a virtual environment of its own. */
export const installMautrix = (hsToken: string): Promise<Installed> =>
  installed(`mautrix-python ${mautrixVersion}`, async () => {
    const folder = await once(`mautrix-${mautrixVersion}`, async (at) => {
      await runToEnd(["python3", "-m", "venv", at]);
      const quietly = ["--quiet", "--no-input", "--disable-pip-version-check"];
      await runToEnd([join(at, "bin/python"), "-m", "pip", "install", ...quietly, `mautrix==${mautrixVersion}`]);
    });
    return [join(folder, "bin/python"), join(import.meta.dirname, "mautrix-peer.py"), hsToken];
  });

/** The npm package `matrix-appservice`, on Node.js as its users run it. */
export const installAppservice = (hsToken: string): Promise<Installed> =>
  installed(`matrix-appservice ${appserviceVersion} (npm)`, async () => {
    const folder = await once(`matrix-appservice-${appserviceVersion}`, async (at) => {
      writeFileSync(join(at, "package.json"), '{"private":true}\n');
      const quietly = ["--loglevel=error", "--no-audit", "--no-fund", "--ignore-scripts"];
      await runToEnd(["npm", "install", ...quietly, `matrix-appservice@${appserviceVersion}`], at);
    });
    return ["node", join(import.meta.dirname, "appservice-peer.mjs"), folder, hsToken];
  });
