import type { Fields } from "../wire.ts";
import { badBody, noPermission, refuse, isAdmin, type SimToken, type SimUser, type World } from "./model.ts";

/** One request, as a handler of the simulator sees it. */
export interface Ask {
  readonly world: World;
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  /** Whose token it carries; null: none. */
  readonly user: SimUser | null;
  readonly token: SimToken | null;
}

export type Reply = Response | { readonly status: number; readonly json: unknown } | object | readonly unknown[] | null;
export type Handler = (ask: Ask) => Reply | Promise<Reply>;

export const created = (json: unknown): Reply => Response.json(json, { status: 201 });
export const ok = { status: "OK" };

export const param = (ask: Ask, name: string): string => ask.params[name] ?? "";

/** The one who asks; 401 without a session. */
export function me(ask: Ask): SimUser {
  return ask.user ?? refuse(401, "api.context.session_expired.app_error");
}

export function admin(ask: Ask): SimUser {
  const user = me(ask);
  return isAdmin(user) ? user : noPermission();
}

/** `me`, or an id. */
export const userParam = (ask: Ask): string => (param(ask, "user") === "me" ? me(ask).id : param(ask, "user"));

const maxBytes = 300_000 + 512;

export async function bodyOf(ask: Ask): Promise<unknown> {
  const text = await ask.request.text();
  if (new TextEncoder().encode(text).byteLength > maxBytes) refuse(413, "api.context.request_body_too_large.app_error");
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return badBody();
  }
}

export async function fieldsOf(ask: Ask): Promise<Fields> {
  const body = await bodyOf(ask);
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Fields) : badBody();
}

export async function idsOf(ask: Ask): Promise<string[]> {
  const body = await bodyOf(ask);
  return Array.isArray(body) && body.every((one) => typeof one === "string") ? body : badBody();
}

export const text = (fields: Fields, name: string): string => {
  const value = fields[name];
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : badBody();
};

/** Clamped as the server does, without a word. */
export function pageOf<T>(ask: Ask, all: readonly T[]): readonly T[] {
  const number = (name: string, fallback: number): number => {
    const value = Number(ask.url.searchParams.get(name) ?? fallback);
    return Number.isInteger(value) && value >= 0 ? value : fallback;
  };
  const size = Math.min(number("per_page", 60) || 60, 200);
  const start = number("page", 0) * size;
  return all.slice(start, start + size);
}

export const flag = (ask: Ask, name: string): boolean => ask.url.searchParams.get(name) === "true";
