import type { ChildProcess } from "node:child_process";
import { createInbox, type Inbox, type Port } from "./port.ts";

// Of exit and disconnect the second follows at once; where it does not, the first is enough.
const graceMs = 250;
const killMs = 2_000;

/**
 * The parent's end of a child's IPC (`stdio` with `"ipc"`, `serialization: "advanced"`). Closed when the child is gone
 * and its last message was delivered; `close` disconnects, and kills a child that does not go by itself within 2 s.
 */
export function childPort(child: ChildProcess, kill: () => void = () => void child.kill("SIGKILL")): Port {
  const inbox = createInbox();
  let how: string | null = null;
  let disconnected = false;
  const settle = (): void => {
    if (how !== null && disconnected) inbox.end(how);
    else later(() => inbox.end(how ?? "disconnected"), graceMs);
  };
  child.on("message", (messages) => deliverAll(inbox, messages));
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
  const outbox = createOutbox(
    () => !inbox.closed && child.connected,
    (messages) => child.send(messages, noop),
  );
  return {
    ...inbox.port,
    send: outbox.send,
    close(reason) {
      outbox.flush();
      how ??= reason;
      if (child.connected) child.disconnect();
      later(() => void (child.exitCode === null && child.signalCode === null && kill()), killMs);
      inbox.end(reason);
    },
  };
}

/** The child's end. Throws where the process was not started with an IPC channel. */
export function parentPort(): Port {
  const inbox = createInbox();
  const parent = process.send?.bind(process);
  if (!parent) throw new Error("this process was not started by Botyard: it has no IPC channel");
  process.on("message", (messages) => deliverAll(inbox, messages));
  process.on("disconnect", () => inbox.end("disconnected"));
  const outbox = createOutbox(
    () => !inbox.closed && process.connected,
    (messages) => void parent(messages, undefined, undefined, noop),
  );
  return {
    ...inbox.port,
    send: outbox.send,
    close(reason) {
      outbox.flush();
      if (process.connected) process.disconnect?.();
      inbox.end(reason);
    },
  };
}

// A pipe carries a few large messages better than many small ones.
const mostInOne = 256;

interface Outbox {
  send(message: unknown): void;
  /** At once, what waits. */
  flush(): void;
}

/** What is sent in one turn of the event loop crosses as one message: an array. */
function createOutbox(open: () => boolean, send: (messages: unknown[]) => void): Outbox {
  let waiting: unknown[] = [];
  const give = (messages: unknown[]): void => {
    try {
      if (open()) send(messages);
    } catch (error) {
      // The other end may go between the look and the send; everything else is the message's fault.
      if (open()) throw error;
    }
  };
  const flush = (): void => {
    const messages = waiting;
    waiting = [];
    if (messages.length > 0) give(messages);
  };
  return {
    flush,
    send(message) {
      if (!open()) return;
      waiting.push(message);
      // Bytes at once: who reads a stream may use its buffer again.
      if (waiting.length >= mostInOne || isChunk(message)) flush();
      else if (waiting.length === 1) queueMicrotask(flush);
    },
  };
}

const isChunk = (message: unknown): boolean =>
  typeof message === "object" && message !== null && "type" in message && message.type === "chunk";

/** Who sends one by one is understood as well. */
function deliverAll(inbox: Inbox, messages: unknown): void {
  if (!Array.isArray(messages)) return inbox.deliver(messages);
  for (const message of messages) inbox.deliver(message);
}

function later(work: () => void, ms: number): void {
  setTimeout(work, ms).unref();
}

// Errors of sending arrive as close; without a callback some runtimes would emit them as uncaught.
function noop(): void {}
