import { BotyardError, isBotyardError, type Host, type ServerClock } from "@botyard/sdk";
import { nobody, send } from "./request.ts";
import type { Settings } from "./settings.ts";
import { isObject, listOf, numberOf, objectOf, textOf, type JsonObject } from "./wire.ts";

/** What an instance says of itself; the limits are those of the smaller of its two user classes. */
export interface Root {
  /** Address of the API, without a trailing slash: `https://stoat.example.org/api`. */
  readonly api: string;
  readonly version: string;
  readonly gateway: string;
  /** Null where the file server is switched off. */
  readonly files: string | null;
  readonly limits: Limits;
}

export interface Limits {
  readonly messageBytes: number;
  readonly attachments: number;
  readonly embeds: number;
  readonly replies: number;
  readonly groupSize: number;
  readonly avatarBytes: number;
  readonly attachmentBytes: number;
  readonly bots: { readonly whileNew: number; readonly later: number; readonly newHours: number };
}

/** Defaults of 0.15.1, for instances before 0.12, which say nothing. */
const defaults: Limits = {
  messageBytes: 2000,
  attachments: 5,
  embeds: 5,
  replies: 5,
  groupSize: 100,
  avatarBytes: 4_000_000,
  attachmentBytes: 20_000_000,
  bots: { whileNew: 2, later: 5, newHours: 72 },
};

/**
 * Finds the API below the connection's address: the address itself, `/api`, or what `/.well-known/stoat` says. Throws
 * `unreachable` where none of them is Stoat, `forbidden` where the API is on another origin.
 */
export async function discover(host: Host<Settings>, serverClock: ServerClock, signal?: AbortSignal): Promise<Root> {
  const by = { host, serverClock, signal };
  const base = (host.connection.url ?? "").replace(/\/+$/, "");
  const tried: string[] = [];
  for (const api of [base, `${base}/api`]) {
    const found = await ask(by, api, tried);
    if (found) return found;
  }
  const wellKnown = await read(by, new URL(base).origin, "/.well-known/stoat", tried);
  const api = textOf(objectOf(wellKnown)["api"])?.replace(/\/+$/, "");
  if (api !== undefined && URL.canParse(api)) {
    const found = await ask(by, api, tried).catch((error: unknown) => {
      if (!isBotyardError(error) || error.code !== "forbidden") throw error;
      throw new BotyardError("forbidden", `The API of this instance is at ${api}, which is another origin.`, {
        fix: `botyard connections update ${host.connection.id} --url ${api}`,
        cause: error,
      });
    });
    if (found) return found;
  }
  throw new BotyardError("unreachable", `No Stoat API was found at ${base}: ${tried.join("; ")}.`, {
    fix: `botyard connections update ${host.connection.id} --url https://<host>/api`,
  });
}

interface Looking {
  readonly host: Host<Settings>;
  readonly serverClock: ServerClock;
  readonly signal: AbortSignal | undefined;
}

async function ask(by: Looking, api: string, tried: string[]): Promise<Root | null> {
  const json = await read(by, api, "/", tried);
  const ws = textOf(objectOf(json)["ws"]);
  const version = textOf(objectOf(json)["revolt"]);
  return isObject(json) && version !== undefined && ws !== undefined ? toRoot(by.host, api, version, ws, json) : null;
}

async function read(
  { host, serverClock, signal }: Looking,
  base: string,
  path: string,
  tried: string[],
): Promise<unknown> {
  const http = serverClock.watch(host.http(base));
  const response = await send({ http, auth: nobody, signal }, { method: "GET", path });
  tried.push(`${base}${path} answered ${response.status}${isObject(response.json) ? "" : " without JSON"}`);
  return response.status === 200 ? response.json : undefined;
}

function toRoot(host: Host<Settings>, api: string, version: string, ws: string, json: JsonObject): Root {
  const { gateway, files } = host.connection.settings;
  const features = objectOf(json["features"]);
  const autumn = objectOf(features["autumn"]);
  const url = autumn["enabled"] === false ? undefined : textOf(autumn["url"]);
  return {
    api,
    version,
    gateway: toSocketUrl(gateway ?? ws),
    files: (files ?? (url === "" ? undefined : url))?.replace(/\/+$/, "") ?? null,
    limits: toLimits(objectOf(features["limits"])),
  };
}

/** The connection's own scheme of a socket's address; the protocol's version and format are asked for. */
function toSocketUrl(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address.replace(/^http/, "ws"));
  url.searchParams.set("version", "1");
  url.searchParams.set("format", "json");
  return url.href;
}

function toLimits(limits: JsonObject): Limits {
  const [global, fresh, later] = [limits["global"], limits["new_user"], limits["default"]].map(objectOf);
  const smaller = (name: string, fallback: number): number => {
    const both = [fresh, later].flatMap((of) => numberOf(of?.[name]) ?? []);
    return both.length === 0 ? fallback : Math.min(...both);
  };
  const size = (tag: string, fallback: number): number => {
    const both = [fresh, later].flatMap((of) => numberOf(objectOf(of?.["file_upload_size_limits"])[tag]) ?? []);
    return both.length === 0 ? fallback : Math.min(...both);
  };
  return {
    messageBytes: smaller("message_length", defaults.messageBytes),
    attachments: smaller("message_attachments", defaults.attachments),
    embeds: numberOf(global?.["message_embeds"]) ?? defaults.embeds,
    replies: numberOf(global?.["message_replies"]) ?? defaults.replies,
    groupSize: numberOf(global?.["group_size"]) ?? defaults.groupSize,
    avatarBytes: size("avatars", defaults.avatarBytes),
    attachmentBytes: size("attachments", defaults.attachmentBytes),
    bots: {
      whileNew: numberOf(fresh?.["bots"]) ?? defaults.bots.whileNew,
      later: numberOf(later?.["bots"]) ?? defaults.bots.later,
      newHours: numberOf(global?.["new_user_hours"]) ?? defaults.bots.newHours,
    },
  };
}

/** Whether a version is at least another, number by number: `0.15.1` ≥ `0.9`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [a, b] = [version, wanted].map((text) => text.split(".").map((number) => Number.parseInt(number, 10) || 0));
  for (const [at, number] of listOf(b).entries()) {
    const mine = a?.[at] ?? 0;
    if (mine !== number) return mine > Number(number);
  }
  return true;
}
