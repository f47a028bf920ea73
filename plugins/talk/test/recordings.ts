import { readdirSync, readFileSync } from "node:fs";

interface Named {
  /** `046-webhook-enable` */
  readonly name: string;
  readonly number: number;
}

/** What somebody asked of Nextcloud, and its answer. */
export interface Http extends Named {
  readonly kind: "http";
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
    /** The body is only the beginning of it. */
    readonly body_cut?: string;
  };
  readonly response: {
    readonly status: number;
    readonly headers: readonly (readonly [string, string])[];
    readonly body: string;
    readonly json?: unknown;
    readonly body_cut?: string;
  };
}

/** What Nextcloud sent to a bot. */
export interface Webhook extends Named {
  readonly kind: "webhook";
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly raw_body: string;
    readonly json?: unknown;
  };
  readonly answered: number;
  readonly shared_secret: string;
  /** The body is cut, so that its signature cannot be checked again. */
  readonly cut?: string;
}

export interface OccRun extends Named {
  readonly kind: "occ";
  readonly occ: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type Recording = Http | Webhook | OccRun;

const folder = new URL("fixtures/recordings/", import.meta.url);

function read(file: string): Recording {
  const found = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Record<string, unknown>;
  const kind = "occ" in found ? "occ" : "response" in found ? "http" : "webhook";
  // the files are as ORIGIN.md says
  return { ...found, kind, name: file.slice(0, -5), number: Number(file.slice(0, 3)) } as unknown as Recording;
}

export const recordings: readonly Recording[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map(read);

export const isHttp = (recording: Recording): recording is Http => recording.kind === "http";
const isWebhook = (recording: Recording): recording is Webhook => recording.kind === "webhook";

/** A header of a webhook, whatever its case. */
export function headerOf(webhook: Webhook, name: string): string {
  return webhook.request.headers.find(([header]) => header.toLowerCase() === name.toLowerCase())?.[1] ?? "";
}

export const webhooks: readonly Webhook[] = recordings.filter(isWebhook);
