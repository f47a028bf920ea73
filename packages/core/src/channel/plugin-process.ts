import { BotyardError, isBotyardError, type AnyPlatform } from "@botyard/sdk";
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
  const die = (what: string | null, error: unknown): void => {
    if (dying) return;
    dying = true;
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    const name = error instanceof Error ? error.name : typeof error;
    // Our own say what is wrong in words that may be shown; another's text stays in the log.
    const known = isBotyardError(error) ? error.message : name;
    fail(new BotyardError("plugin_failed", what === null ? known : `${what}: ${known}`, { effect: "unknown" }));
    setTimeout(() => leave(70), farewellMs);
  };
  process.on("uncaughtException", (error) => die("it threw outside of a call", error));
  process.on("unhandledRejection", (error) => die("a promise of it failed unheard", error));
  port.onClose(() => void (dying || leave(0)));
  load().then(
    (platform) => {
      fail = servePlatform(port, platform).abandon;
    },
    // Our own says so itself.
    (error: unknown) => die(isBotyardError(error) ? null : "its code could not be loaded", error),
  );
}

/** With all it started: the process leads a group of its own, and nobody else is left to end that. */
function leave(code: number): void {
  try {
    if (code === 0 && process.platform !== "win32") process.kill(-process.pid, "SIGKILL");
  } catch {
    // It leads no group: it was started in another way.
  }
  process.exit(code);
}
