import type { Answer, Botyard } from "../botyard.ts";
import { pause } from "../steps.ts";
import type { Human } from "./human.ts";

/** Somebody who writes in the background, one message after the other, whatever happens to the servers. */
export interface Writer {
  /** Text → id that came with the acknowledgement. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Texts that were tried and never acknowledged. */
  readonly open: ReadonlySet<string>;
  /** What came instead of an acknowledgement, and how often. */
  readonly trouble: ReadonlyMap<string, number>;
  /** Starts no further message and waits until each one begun is acknowledged or given up. */
  finish(): Promise<void>;
}

/** A person writes `human-<tag>-1`, `human-<tag>-2` …; a message that met a dead homeserver is sent again under its id. */
export function humanWriter(human: Human, room: string, tag: string): Writer {
  return write(1, `human-${tag}`, async (text) => ({ id: await human.send(room, text, text) }));
}

/** A bot author's program sends `bot-<tag>-1` … with a key each, repeating the same key until Botyard settles it. */
export function botWriter(botyard: Botyard, room: string, tag: string): Writer {
  const path = `/connections/matrix/rooms/${encodeURIComponent(room)}/messages`;
  return write(3, `bot-${tag}`, async (text) => {
    const body = { as: "helper", text };
    return settle(botyard, await botyard.call("POST", path, { body, idempotencyKey: text, limitMs: 20_000 }));
  });
}

/** Either the id, or why there is none yet and how long to wait. */
type Attempt = { readonly id: string } | { readonly trouble: string; readonly waitMs: number };

interface SendAnswer {
  readonly message?: string | null;
  readonly code?: string;
  readonly effect?: string;
  readonly operation?: string;
}

/** Follows the rules of the API: `unknown` is never sent again blindly, its ledger row is asked. */
async function settle(botyard: Botyard, answer: Answer): Promise<Attempt> {
  const body = answer.body as SendAnswer;
  if (answer.status < 300 && body.message) return { id: body.message };
  const trouble = `${answer.status} ${body.code ?? "without a message id"} effect ${body.effect ?? "-"}`;
  if (body.effect === "unknown" && body.operation) {
    const row = await botyard.ask<LedgerRow>("GET", `/ledger/${body.operation}?waitMs=5000`);
    const id = row.state === "done" ? row.result?.["message"] : undefined;
    if (typeof id === "string") return { id };
  }
  return { trouble, waitMs: Math.max(200, answer.retryAfterMs) };
}

interface LedgerRow {
  readonly state: string;
  readonly result: Readonly<Record<string, unknown>> | null;
}

function write(workers: number, prefix: string, attempt: (text: string) => Promise<Attempt>): Writer {
  const acknowledged = new Map<string, string>();
  const open = new Set<string>();
  const trouble = new Map<string, number>();
  const finishing = new AbortController();
  let count = 0;
  const note = (what: string): void => void trouble.set(what, (trouble.get(what) ?? 0) + 1);

  async function deliver(text: string): Promise<void> {
    open.add(text);
    for (const end = Date.now() + 45_000; Date.now() < end;) {
      const result: Attempt = await attempt(text).catch(() => ({ trouble: "connection broke", waitMs: 100 }));
      if ("id" in result) {
        acknowledged.set(text, result.id);
        open.delete(text);
        return;
      }
      note(result.trouble);
      await pause(result.waitMs);
    }
  }

  const work = Array.from({ length: workers }, async () => {
    while (!finishing.signal.aborted) {
      await deliver(`${prefix}-${++count}`);
      await pause(5);
    }
  });
  return {
    acknowledged,
    open,
    trouble,
    async finish() {
      finishing.abort();
      await Promise.all(work);
    },
  };
}
