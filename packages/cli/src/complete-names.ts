import { createClient, httpTransport } from "@botyard/client";
import type { Catalog } from "./catalog.ts";

/** What can be named in a command and is known to the running service, or to this binary. */
export type NameKind =
  | "bots"
  | "connections"
  | "consumers"
  | "handles"
  | "keys"
  | "platforms"
  | "plugins"
  | "rooms"
  | "steps"
  | "webhooks";

/** One thing a shell may offer. */
export interface Name {
  readonly value: string;
  readonly description: string;
}

const kinds: Readonly<Record<string, NameKind>> = {
  // A bot that acts is a handle of the connection the room is in, everywhere else it is an address.
  as: "handles",
  bot: "bots",
  connection: "connections",
  consumer: "consumers",
  key: "keys",
  platform: "platforms",
  plugin: "plugins",
  room: "rooms",
  step: "steps",
  webhook: "webhooks",
};

/** By the name of a flag or an argument: `room`, `[connection/]room`, `connection[/bot]`; null: nothing is known of it. */
export function kindOf(name: string): NameKind | null {
  const bare = /\[\/(\w+)\]$/.exec(name)?.[1] ?? name.replace("[connection/]", "");
  return Object.hasOwn(kinds, bare) ? (kinds[bare] ?? null) : null;
}

export interface NamesWorld {
  readonly catalog: Catalog;
  /** The service that runs; null: none does, or its key is not to be had. */
  service(): Promise<{ readonly url: string; readonly key: string } | null>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** A person waits at the prompt. */
const patienceMs = 800;
const most = 500;

/**
 * Names of a kind. Quick and silent: nothing where no service runs, where the key may not see them, or where the answer
 * takes longer than a person wants to wait. `typed`: what stands there so far, `chat/en`; `connection`: chosen by a flag.
 */
export async function namesOf(
  kind: NameKind,
  typed: string,
  connection: string | undefined,
  world: NamesWorld,
): Promise<readonly Name[]> {
  try {
    if (kind === "platforms")
      return (await world.catalog.platforms()).map(({ namespace, title }) => ({
        value: namespace,
        description: title,
      }));
    const signal = AbortSignal.timeout(patienceMs);
    const late = new Promise<readonly Name[]>((resolve) =>
      signal.addEventListener("abort", () => resolve([]), { once: true }),
    );
    return await Promise.race([ask(kind, typed, connection, world, signal), late]);
  } catch {
    return [];
  }
}

async function ask(
  kind: Exclude<NameKind, "platforms">,
  typed: string,
  connection: string | undefined,
  { service, fetch }: NamesWorld,
  signal: AbortSignal,
): Promise<readonly Name[]> {
  const found = await service();
  if (!found) return [];
  const client = createClient(httpTransport({ ...found, ...(fetch ? { fetch } : {}) }));
  const call = { signal };
  const page = { limit: most };
  switch (kind) {
    case "connections":
      return (await client.connections.list(page, call)).items.map(({ id, platform, state }) => ({
        value: id,
        description: `${platform}, ${state}`,
      }));
    case "consumers":
      return (await client.consumers.list(page, call)).items.map(({ name, bot, waiting }) => ({
        value: name,
        description: `${bot ?? "every bot"}, ${waiting} waiting`,
      }));
    case "keys":
      return (await client.keys.list(page, call)).items.map(({ name, preset }) => ({
        value: name,
        description: preset ?? "",
      }));
    case "webhooks":
      return (await client.webhooks.list(page, call)).items.map(({ name, state }) => ({
        value: name,
        description: state,
      }));
    case "plugins":
      return (await client.plugins.list(page, call)).items.map(({ id, version, state }) => ({
        value: id,
        description: `${version}, ${state}`,
      }));
    case "steps":
      return (await client.steps.list(page, call)).items.map(({ id, title }) => ({ value: id, description: title }));
    default:
  }
  const slash = typed.indexOf("/");
  const known = (await client.connections.list(page, call)).items.map(({ id }) => id);
  const chosen = slash > 0 ? typed.slice(0, slash) : connection;
  const where = chosen === undefined ? known : known.filter((id) => id === chosen);
  // A name is written with its connection where it has to be, or where a person began to.
  const prefix = (of: string): string =>
    kind !== "handles" && (slash >= 0 || (connection === undefined && known.length > 1)) ? `${of}/` : "";
  const each = async (of: string): Promise<readonly Name[]> => {
    const named = kind === "rooms" ? await rooms(of) : await bots(of);
    return named.map(({ value, description }) => ({ value: prefix(of) + value, description }));
  };
  const rooms = async (of: string): Promise<readonly Name[]> =>
    (await client.rooms.list({ connection: of, ...page }, call)).items.map(({ handle, id, name, kind: what }) => ({
      value: handle ?? id,
      description: name ?? what,
    }));
  const bots = async (of: string): Promise<readonly Name[]> =>
    (await client.bots.list({ connection: of, ...page }, call)).items.flatMap(({ handle, username }) =>
      handle === null ? [] : [{ value: handle, description: username ?? "" }],
    );
  // A connection that does not answer hides only its own.
  return (await Promise.allSettled(where.map(each))).flatMap((one) => (one.status === "fulfilled" ? one.value : []));
}
