import { BotyardError } from "./errors.ts";

/** A bot or room as a person names it: `chat/helper`, `helper`, `chat/eng:ops`. */
export interface Address {
  readonly connection: string | null;
  readonly name: string;
}

const prefix = /^([a-z][a-z0-9-]{0,31})\/(.+)$/s;

/**
 * Splits `connection/name`. Room ids may hold slashes themselves, so that only a first part that is one of the known
 * connections counts as one.
 */
export function parseAddress(text: string, known?: readonly string[]): Address {
  const match = prefix.exec(text);
  const [, connection, name] = match ?? [];
  if (connection === undefined || name === undefined) return { connection: null, name: text };
  if (known && !known.includes(connection)) return { connection: null, name: text };
  return { connection, name };
}

export function formatAddress(connection: string, name: string): string {
  return `${connection}/${name}`;
}

/** Who acts: `helper`, `user:@ghost:hs.example.org`, `account:alice`. */
export type ActorRef =
  | { readonly kind: "bot"; readonly handle: string }
  | { readonly kind: "user"; readonly id: string }
  | { readonly kind: "account"; readonly name: string };

export function parseActor(text: string): ActorRef {
  if (text.startsWith("user:")) return { kind: "user", id: text.slice(5) };
  if (text.startsWith("account:")) return { kind: "account", name: text.slice(8) };
  if (/^[a-z][a-z0-9-]{0,31}$/.test(text)) return { kind: "bot", handle: text };
  throw new BotyardError("invalid", "`as` names a bot's handle, user:<id> or account:<credential>", {
    issues: [{ path: "as", expected: "a bot's handle, user:<id> or account:<credential>" }],
  });
}
