import { BotyardError, type CredentialDraft, type Holder, type OpenedCredential } from "@botyard/sdk";
import { ulid } from "ulid";
import type { Sealer } from "../secrets/types.ts";
import type { CredentialRecord, RecordPut } from "../store/types.ts";
import { putCredential, type Registry } from "./registry.ts";

export interface CredentialQuery {
  readonly kind: string;
  readonly bot?: string | undefined;
  readonly account?: string | undefined;
}

/** The sealed credentials: opened when first used, never listed with their secrets. */
export interface Vault {
  /** The newest of a kind and holder; null where there is none. Throws `internal` when the seal does not open. */
  find(connection: string, query: CredentialQuery): OpenedCredential | null;
  record(connection: string, query: CredentialQuery): CredentialRecord | undefined;
  /**
   * The changes that store a credential in place of the one of the same kind and holder. A secret written `env:NAME` or
   * `file:PATH` stays a reference.
   */
  put(
    connection: string,
    credential: CredentialDraft & { readonly holder: Holder; readonly of: string | null },
  ): readonly RecordPut[];
  remove(connection: string, query: CredentialQuery): readonly RecordPut[];
  open(record: CredentialRecord): string;
  /** Every secret that can be opened, for redaction. */
  secrets(connection: string): readonly string[];
}

const isReference = (secret: string): boolean => secret.startsWith("env:") || secret.startsWith("file:");

/** Name a credential is sealed under and people see: `credential chat/helper bot-token`. */
export function sealNameOf(record: Pick<CredentialRecord, "connection" | "kind" | "of">): string {
  return `credential ${record.connection}/${record.of ?? ""} ${record.kind}`;
}

export function createVault(parts: {
  readonly registry: Registry;
  readonly sealer: Sealer;
  /** Resolves `env:NAME` and `file:PATH`; throws `invalid` with a sentence. */
  readonly resolve: (reference: string) => string;
  readonly now: () => string;
  /** Told of each secret before it is used: redaction. */
  readonly learn: (secret: string) => void;
}): Vault {
  const { registry, sealer } = parts;
  const holderOf = (query: CredentialQuery): string | null => query.bot ?? query.account ?? null;

  // The newest of each kind and holder, made once for each state of the registry.
  const newest = new WeakMap<readonly CredentialRecord[], ReadonlyMap<string, CredentialRecord>>();
  // Kinds hold no such character, whatever a holder is called.
  const placeOf = (kind: string, of: string | null): string => (of === null ? kind : `${kind}\u0000${of}`);
  const newestOf = (connection: string): ReadonlyMap<string, CredentialRecord> => {
    const records = registry.list("credential", connection);
    const known = newest.get(records);
    if (known) return known;
    const found = new Map(records.map((record) => [placeOf(record.kind, record.of), record]));
    newest.set(records, found);
    return found;
  };
  // Every call needs one, and unsealing costs as much as a row in the database. The redactor holds the same texts.
  const opened = new WeakMap<CredentialRecord, string>();

  const vault: Vault = {
    record: (connection, query) => newestOf(connection).get(placeOf(query.kind, holderOf(query))),
    find(connection, query) {
      const record = vault.record(connection, query);
      if (!record) return null;
      return { id: record.id, kind: record.kind, secret: vault.open(record), nativeId: record.nativeId };
    },
    open(record) {
      // What a reference names may change behind our back, so it is read each time.
      const known = opened.get(record);
      if (known !== undefined) return known;
      const secret =
        record.sealed === null ? parts.resolve(record.source) : sealer.open(sealNameOf(record), record.sealed);
      parts.learn(secret);
      if (record.sealed !== null) opened.set(record, secret);
      return secret;
    },
    put(connection, draft) {
      if (draft.secret === "") throw new BotyardError("invalid", `the ${draft.kind} is empty`);
      const before = vault.record(connection, {
        kind: draft.kind,
        ...(draft.holder === "account" ? { account: draft.of ?? "" } : { bot: draft.of ?? undefined }),
      });
      const id = `cred_${ulid()}`;
      const reference = isReference(draft.secret);
      if (reference) parts.learn(parts.resolve(draft.secret));
      else parts.learn(draft.secret);
      const record: CredentialRecord = {
        id,
        connection,
        kind: draft.kind,
        holder: draft.holder,
        of: draft.of,
        nativeId: draft.nativeId ?? null,
        expiresAt: draft.expiresAt ?? null,
        source: reference ? draft.secret : "sealed",
        sealed: reference
          ? null
          : sealer.seal(sealNameOf({ connection, kind: draft.kind, of: draft.of }), draft.secret),
        createdAt: parts.now(),
      };
      const gone: RecordPut[] = before ? [{ kind: "credential", id: before.id, scope: connection, value: null }] : [];
      return [...gone, putCredential(record)];
    },
    remove(connection, query) {
      const record = vault.record(connection, query);
      return record ? [{ kind: "credential", id: record.id, scope: connection, value: null }] : [];
    },
    secrets: (connection) =>
      registry.list("credential", connection).flatMap((record) => {
        try {
          return [vault.open(record)];
        } catch {
          return [];
        }
      }),
  };
  return vault;
}
