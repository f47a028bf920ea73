import { BotyardError, type Clock, type Grant, type KeyPreset } from "@botyard/sdk";
import { ulid } from "ulid";
import type { Registry } from "../registry/registry.ts";
import type { Principal } from "../runtime-types.ts";
import type { KeyRecord } from "../store/types.ts";
import { type Activity, createActivity } from "./activity.ts";
import { presets } from "./grants.ts";
import { hashKey, isKeyText, makeKeyText } from "./key-text.ts";

export interface NewKey {
  readonly name: string;
  readonly preset: KeyPreset | null;
  readonly grant: Grant;
  readonly ratePerMinute: number | null;
  readonly expiresAt: string | null;
}

export interface Keys {
  /** Throws `unauthenticated`; one answer for unknown, expired and revoked keys. */
  authenticate(text: string | null): Principal;
  /** Of a key's id, for what it began before a restart; null once it is revoked or has expired. */
  principal(id: string): Principal | null;
  create(key: NewKey): Promise<{ readonly record: KeyRecord; readonly secret: string }>;
  /** By id or name; open streams of the key end. */
  revoke(idOrName: string): Promise<KeyRecord>;
  find(idOrName: string): KeyRecord;
  readonly activity: Activity;
  /** Counts a call against the key's rate; throws `rate_limited`. */
  count(principal: Principal): void;
}

const refused = (): BotyardError =>
  new BotyardError("unauthenticated", "this key is unknown, expired or revoked", {
    fix: "botyard keys create <name> --preset bot",
  });

export const missingKey = (idOrName: string): BotyardError =>
  new BotyardError("not_found", `there is no key "${idOrName}"`, { fix: "botyard keys list" });

const touchEveryMs = 60_000;
const longestSleepMs = 86_400_000;

interface Window {
  start: number;
  calls: number;
}

export function createKeys(registry: Registry, clock: Clock): Keys {
  const now = clock.now;
  const controllers = new Map<string, AbortController>();
  const windows = new Map<string, Window>();
  // Refused from the first moment: a look at the key must not write it back while its revocation is being written.
  const revoked = new Set<string>();
  const byHash = new Map<string, string>(registry.list("key").map((key) => [key.hash, key.id]));

  async function expire(at: number, controller: AbortController): Promise<void> {
    while (now() < at) await clock.sleep(Math.min(at - now(), longestSleepMs), controller.signal);
    controller.abort(refused());
  }
  const signalOf = (record: KeyRecord): AbortSignal => {
    const found = controllers.get(record.id);
    if (found) return found.signal;
    const controller = new AbortController();
    controllers.set(record.id, controller);
    // Streams that are open when the key expires end then, and not with the next call.
    if (record.expiresAt !== null) void expire(Date.parse(record.expiresAt), controller).catch(() => {});
    return controller.signal;
  };
  /** Written down at most once a minute, behind the call. */
  const touch = (record: KeyRecord): void => {
    const at = now();
    if (record.lastUsedAt !== null && at - Date.parse(record.lastUsedAt) < touchEveryMs) return;
    void put({ ...record, lastUsedAt: new Date(at).toISOString() }).catch(() => {});
  };
  const put = (value: KeyRecord) => registry.save([{ kind: "key", id: value.id, scope: "", value }]);

  const principalOf = (record: KeyRecord): Principal => ({
    keyId: record.id,
    name: record.name,
    grant: record.grant,
    ratePerMinute: record.ratePerMinute,
    signal: signalOf(record),
  });

  const keys: Keys = {
    activity: createActivity(),
    authenticate(text) {
      if (text === null || text === "")
        throw new BotyardError(
          "unauthenticated",
          "no key was sent: put it into the header `Authorization: Bearer by_…`",
        );
      if (!isKeyText(text))
        throw new BotyardError(
          "unauthenticated",
          "this is no Botyard key: one begins with by_ and ends with a checksum, so a character may be missing",
        );
      const record = registry.get("key", byHash.get(hashKey(text)) ?? "");
      if (!record || record.revokedAt !== null || revoked.has(record.id)) throw refused();
      if (record.expiresAt !== null && Date.parse(record.expiresAt) <= now()) {
        controllers.get(record.id)?.abort(refused());
        throw refused();
      }
      touch(record);
      return principalOf(record);
    },
    principal(id) {
      const record = registry.get("key", id);
      if (!record || record.revokedAt !== null || revoked.has(id)) return null;
      return record.expiresAt !== null && Date.parse(record.expiresAt) <= now() ? null : principalOf(record);
    },
    async create(key) {
      if (registry.list("key").some((other) => other.name === key.name && other.revokedAt === null))
        throw new BotyardError("conflict", `a key named "${key.name}" exists already`, {
          fix: `botyard keys revoke ${key.name}`,
        });
      const secret = makeKeyText();
      const record: KeyRecord = {
        ...key,
        id: `key_${ulid()}`,
        hash: hashKey(secret),
        createdAt: new Date(now()).toISOString(),
        revokedAt: null,
        lastUsedAt: null,
      };
      await put(record);
      byHash.set(record.hash, record.id);
      return { record, secret };
    },
    async revoke(idOrName) {
      const record = keys.find(idOrName);
      if (record.revokedAt !== null) return record;
      revoked.add(record.id);
      const ended = { ...record, revokedAt: new Date(now()).toISOString() };
      await put(ended);
      controllers.get(record.id)?.abort(refused());
      return ended;
    },
    find(idOrName) {
      const all = registry.list("key");
      const found =
        all.find((key) => key.id === idOrName) ??
        all.findLast((key) => key.name === idOrName && key.revokedAt === null) ??
        all.findLast((key) => key.name === idOrName);
      if (!found) throw missingKey(idOrName);
      return found;
    },
    count(principal) {
      if (principal.ratePerMinute === null) return;
      const window = windows.get(principal.keyId);
      const at = now();
      if (!window || at - window.start >= 60_000) {
        windows.set(principal.keyId, { start: at, calls: 1 });
        return;
      }
      if (window.calls >= principal.ratePerMinute)
        throw new BotyardError(
          "rate_limited",
          `key "${principal.name}" may make ${principal.ratePerMinute} calls a minute`,
          {
            retryAfterMs: window.start + 60_000 - at,
          },
        );
      window.calls += 1;
    },
  };
  return keys;
}

/** The grant of a preset, or of a list of operations, on chosen connections, bots and rooms. */
export function makeGrant(from: {
  readonly preset?: KeyPreset | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly connections?: readonly string[] | undefined;
  readonly bots?: readonly string[] | undefined;
  readonly rooms?: readonly string[] | undefined;
  readonly names?: Readonly<Record<string, string>> | undefined;
}): Grant {
  return {
    operations: [...(from.allow ?? presets[from.preset ?? "bot"])],
    ...(from.connections ? { connections: [...from.connections] } : {}),
    ...(from.bots ? { bots: [...from.bots] } : {}),
    ...(from.rooms ? { rooms: [...from.rooms] } : {}),
    ...(from.names && Object.keys(from.names).length > 0 ? { names: { ...from.names } } : {}),
  };
}
