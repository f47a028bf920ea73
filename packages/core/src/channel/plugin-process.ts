import { BotyardError, type AnyPlatform } from "@botyard/sdk";
import { parentPort } from "./child-port.ts";
import { servePlatform } from "./plugin-side.ts";

// Long enough for the last message to leave.
const farewellMs = 50;

/**
 * The whole of a plugin's process: serves what `load` gives over IPC until the parent goes, then exits; an orphan does
 * not stay. A platform that cannot be loaded and an uncaught error are told to the parent before the process ends with
 * code 70; the stack goes to standard error.
 */
export function runPluginProcess(load: () => Promise<AnyPlatform>): void {
  const port = parentPort();
  let fail = (error: BotyardError): void => {
    port.send({ type: "fail", id: 0, error: { code: error.code, detail: error.message, details: {} } });
  };
  let dying = false;
  const die = (what: string, error: unknown): void => {
    if (dying) return;
    dying = true;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const name = error instanceof Error ? error.name : typeof error;
    fail(new BotyardError("plugin_failed", `${what}: ${name}`, { effect: "unknown" }));
    setTimeout(() => process.exit(70), farewellMs);
  };
  process.on("uncaughtException", (error) => die("it threw outside of a call", error));
  process.on("unhandledRejection", (error) => die("a promise of it failed unheard", error));
  port.onClose(() => void (dying || process.exit(0)));
  load().then(
    (platform) => {
      fail = servePlatform(port, platform).abandon;
    },
    (error: unknown) => die("its code could not be loaded", error),
  );
}
