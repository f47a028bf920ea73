import { expected } from "@botyard/sdk";
import * as v from "valibot";
import { parseDuration } from "./duration.ts";

/** Where a listener is bound: `127.0.0.1:8470`, `[::1]:8470`. Port 0: any free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const listenPattern = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

/** Null where the text is no address with a port. */
export function parseListen(text: string): ListenAddress | null {
  const [, bracketed, plain, port] = listenPattern.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65_535 ? null : { host, port: Number(port) };
}

const listenText = "an address and a port, like 127.0.0.1:8470 or [::1]:8470";
const Listen = v.pipe(
  v.string(expected(listenText)),
  v.check((text) => parseListen(text) !== null, expected(listenText)),
  v.transform((text) => parseListen(text) as ListenAddress),
);

const urlText = "an address without path query or fragment, like https://bots.example.org";
const PublicUrl = v.pipe(
  v.string(expected(urlText)),
  v.check(isPublicUrl, expected(urlText)),
  v.transform((text) => text.replace(/\/+$/, "")),
);

function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && search + hash + username + password === "";
}

const retentionText = "how long to keep it, like 30d or 12h, or forever";
/** Milliseconds; null: for ever. */
const Retention = v.pipe(
  v.string(expected(retentionText)),
  v.check((text) => text === "forever" || isDuration(text), expected(retentionText)),
  v.transform((text) => (text === "forever" ? null : parseDuration(text))),
);

const sizeText = "a size, like 2GiB or 500MiB";
const units = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
const sizePattern = /^([1-9]\d{0,5})(KiB|MiB|GiB|TiB)$/;
/** Bytes. */
const Size = v.pipe(
  v.string(expected(sizeText)),
  v.regex(sizePattern, expected(sizeText)),
  v.transform((text) => {
    const [, number = "0", unit = "KiB"] = sizePattern.exec(text) ?? [];
    return Number(number) * units[unit as keyof typeof units];
  }),
);

function isDuration(text: string): boolean {
  try {
    return parseDuration(text) > 0;
  } catch {
    return false;
  }
}

/** `botyard.yaml`: settings of the process. Connections, bots and keys are not here but in the data directory. */
export const ConfigFile = v.strictObject({
  /** Of the API. */
  listen: v.optional(Listen, "127.0.0.1:8470"),
  /** Of what chat servers call. `publicUrl` is how they reach it; TLS is usually a proxy's work. */
  hooks: v.optional(
    v.strictObject({ listen: v.optional(Listen, "127.0.0.1:8471"), publicUrl: v.optional(PublicUrl) }),
    {},
  ),
  /** Data directory, absolute or below `~/`. */
  data: v.optional(v.string()),
  /** Idempotency keys are remembered as long as the ledger is. */
  retention: v.optional(
    v.strictObject({
      events: v.optional(Retention, "30d"),
      raw: v.optional(Retention, "7d"),
      audit: v.optional(Retention, "90d"),
      ledger: v.optional(Retention, "90d"),
      /** The database beyond this loses its oldest events and intakes, however young; absent: no limit. */
      size: v.optional(Size),
    }),
    {},
  ),
  log: v.optional(
    v.strictObject({
      level: v.optional(v.picklist(["debug", "info", "warn", "error", "silent"]), "info"),
      format: v.optional(v.picklist(["human", "json"]), "human"),
    }),
    {},
  ),
  /** Of each plugin that runs in a process of its own. */
  plugins: v.optional(
    v.strictObject({
      /** Resident memory beyond which its process is ended, as after a crash. */
      memory: v.optional(Size, "512MiB"),
    }),
    {},
  ),
  /** `full`: what was acknowledged survives a power cut. `normal`: it survives the end of the process. */
  durability: v.optional(v.picklist(["full", "normal"]), "full"),
});
export type ConfigFile = v.InferOutput<typeof ConfigFile>;
