import type { ChildProcess } from "node:child_process";
import { createInbox, type Inbox, type Port } from "./port.ts";

// Of exit and disconnect the second follows at once; where it does not, the first is enough.
const graceMs = 250;
const killMs = 2_000;

/**
 * The parent's end of a child's IPC (`stdio` with `"ipc"`, `serialization: "advanced"`). Closed when the child is gone
 * and its last message was delivered; `close` disconnects, and kills a child that does not go by itself within 2 s.
 */
export function childPort(child: ChildProcess): Port {
  const inbox = createInbox();
  let how: string | null = null;
  let disconnected = false;
  const settle = (): void => {
    if (how !== null && disconnected) inbox.end(how);
    else later(() => inbox.end(how ?? "disconnected"), graceMs);
  };
  child.on("message", (message) => inbox.deliver(message));
  child.on("disconnect", () => {
    disconnected = true;
    settle();
  });
  child.on("exit", (code, signal) => {
    how ??= signal ? `signal ${signal}` : `exit code ${code ?? "unknown"}`;
    settle();
  });
  child.on("error", (error: Error & { code?: string }) => {
    how ??= `it could not be started: ${error.code ?? error.name}`;
    settle();
  });
  return {
    ...inbox.port,
    send: sender(
      inbox,
      () => child.connected,
      (message) => child.send(message as object, noop),
    ),
    close(reason) {
      how ??= reason;
      if (child.connected) child.disconnect();
      later(() => void (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")), killMs);
      inbox.end(reason);
    },
  };
}

/** The child's end. Throws where the process was not started with an IPC channel. */
export function parentPort(): Port {
  const inbox = createInbox();
  const parent = process.send?.bind(process);
  if (!parent) throw new Error("this process was not started by Botyard: it has no IPC channel");
  process.on("message", (message) => inbox.deliver(message));
  process.on("disconnect", () => inbox.end("disconnected"));
  return {
    ...inbox.port,
    send: sender(
      inbox,
      () => process.connected,
      (message) => void parent(message, undefined, undefined, noop),
    ),
    close(reason) {
      if (process.connected) process.disconnect?.();
      inbox.end(reason);
    },
  };
}

function sender(inbox: Inbox, connected: () => boolean, send: (message: unknown) => void): Port["send"] {
  return (message) => {
    if (inbox.closed || !connected()) return;
    try {
      send(message);
    } catch (error) {
      // The other end may go between the look and the send; everything else is the message's fault.
      if (connected()) throw error;
    }
  };
}

function later(work: () => void, ms: number): void {
  setTimeout(work, ms).unref();
}

// Errors of sending arrive as close; without a callback some runtimes would emit them as uncaught.
function noop(): void {}
