import { existsSync, renameSync, rmSync } from "node:fs";
import { createHash } from "node:crypto";
import { BotyardError } from "@botyard/sdk";
import { decrypt, encrypt, type SealKey } from "../secrets/cipher.ts";
import { createKeyFile, readKeyFile } from "../secrets/key-file.ts";
import { sealFileOf, type SealedRecord } from "../secrets/seal.ts";
import { databaseFile } from "../store/data-directory.ts";
import { inputSealName } from "../invoke/kept.ts";
import { rawSealName } from "../log/raw.ts";
import { lockService } from "../store/lock.ts";
import { openDatabase, type Database } from "../store/sqlite/database.ts";
import { openFile } from "../store/sqlite/open.ts";
import type { EffectRow } from "../store/types.ts";
import { sealings } from "./sealed.ts";

export interface Rekeyed {
  /** Secrets of credentials, steps and webhooks that are sealed with the new key now. */
  readonly secrets: number;
  /** Raw intakes and answers of the ledger. */
  readonly others: number;
  /** What no key here opens: it was left as it is. */
  readonly unreadable: readonly string[];
  /** Where the old key is now: backups of before need it. */
  readonly oldKey: string;
}

const nextOf = (file: string): string => `${file}.next`;
const idOf = (key: SealKey): string => createHash("sha256").update(key).digest("hex").slice(0, 16);
const rowsAtOnce = 200;

/**
 * Makes a new seal key and seals everything with it, in one transaction; the old key is kept beside it. No service may
 * run. Whenever it is cut off, the next start finds either everything under the old key or everything under the new one.
 * Throws `conflict` (a service runs), `not_found` (nothing is sealed yet) or `internal` (a secret does not open).
 */
export function rekey(options: {
  readonly directory: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly now?: Date;
}): Rekeyed {
  const { directory, env = process.env, now = new Date() } = options;
  const file = sealFileOf(directory, env);
  if (!existsSync(databaseFile(directory)))
    throw new BotyardError("not_found", `nothing has been set up in ${directory} yet`);
  const lock = lockService(directory);
  try {
    finishRekey(directory, file);
    const old = readKeyFile(file);
    if (!old) throw new BotyardError("not_found", `there is no seal key ${file}: nothing was ever sealed here`);
    const fresh = createKeyFile(nextOf(file));
    const db = openFile(databaseFile(directory));
    let done: Omit<Rekeyed, "oldKey">;
    try {
      done = db.tx(() => resealAll(db, old, fresh));
    } catch (error) {
      rmSync(nextOf(file), { force: true });
      throw error;
    } finally {
      db.close();
    }
    const oldKey = `${file}.before-${now.toISOString().slice(0, 19).replaceAll(":", "")}Z`;
    renameSync(file, oldKey);
    renameSync(nextOf(file), file);
    return { ...done, oldKey };
  } finally {
    lock.release();
  }
}

/** Ends what a crash cut off: the database knows which of the two keys it is under. The caller holds the lock. */
export function finishRekey(directory: string, file: string): void {
  if (!existsSync(nextOf(file))) return;
  const next = readKeyFile(nextOf(file));
  if (next && markOf(databaseFile(directory)) === idOf(next)) {
    if (existsSync(file)) renameSync(file, `${file}.before`);
    renameSync(nextOf(file), file);
  } else rmSync(nextOf(file));
}

function markOf(path: string): string | null {
  if (!existsSync(path)) return null;
  const db = openDatabase(path);
  try {
    return db.query<{ value: string }>("select value from meta where name = 'seal'").get()?.value ?? null;
  } finally {
    db.close();
  }
}

function resealAll(db: Database, old: SealKey, fresh: SealKey): Omit<Rekeyed, "oldKey"> {
  const unreadable: string[] = [];
  let secrets = 0;
  const text = ({ name, sealed }: SealedRecord): string => {
    const plain = decrypt(old, name, Buffer.from(sealed, "base64"));
    if (!Buffer.isBuffer(plain))
      throw new BotyardError("internal", `"${name}" does not open with the seal key; nothing was changed`, {
        fix: "put back the key it was sealed with, or issue that credential again, then rekey",
      });
    secrets += 1;
    return encrypt(fresh, name, plain).toString("base64");
  };
  const write = db.query("update record set value = ? where kind = ? and id = ?");
  for (const [kind, { replaced }] of Object.entries(sealings)) {
    const rows = db.query<{ id: string; value: string }>("select id, value from record where kind = ?").all(kind);
    for (const { id, value } of rows) write.run(JSON.stringify(replaced(JSON.parse(value) as never, text)), kind, id);
  }
  const others = resealRaw(db, old, fresh, unreadable) + resealEffects(db, old, fresh, unreadable);
  db.query("insert into meta values ('seal', ?1) on conflict do update set value = ?1").run(idOf(fresh));
  return { secrets, others, unreadable };
}

function resealRaw(db: Database, old: SealKey, fresh: SealKey, unreadable: string[]): number {
  const some = db.query<{ n: number; connection: string; bytes: Uint8Array }>(
    "select n, connection, bytes from raw where n > ? order by n limit ?",
  );
  const write = db.query("update raw set bytes = ? where n = ?");
  let done = 0;
  for (let last = 0; ;) {
    const rows = some.all(last, rowsAtOnce);
    for (const { n, connection, bytes } of rows) {
      last = n;
      const name = rawSealName(connection);
      const plain = decrypt(old, name, bytes);
      if (Buffer.isBuffer(plain)) {
        write.run(encrypt(fresh, name, plain), n);
        done += 1;
      } else unreadable.push(`raw intake ${n} of ${connection}`);
    }
    if (rows.length < rowsAtOnce) return done;
  }
}

function resealEffects(db: Database, old: SealKey, fresh: SealKey, unreadable: string[]): number {
  const rows = db
    .query<{ value: string }>(
      "select value from effect where json_extract(value, '$.sealed') = 1 or json_extract(value, '$.call.input') is not null",
    )
    .all()
    .map(({ value }) => JSON.parse(value) as EffectRow);
  const write = db.query("update effect set value = ? where id = ?");
  let done = 0;
  const again = (name: string, sealed: string, what: string): string | null => {
    const plain = decrypt(old, name, Buffer.from(sealed, "base64"));
    if (Buffer.isBuffer(plain)) return encrypt(fresh, name, plain).toString("base64");
    unreadable.push(what);
    return null;
  };
  for (const row of rows) {
    const { id, call } = row;
    const result = row.sealed && row.result !== null ? again(`effect/${id}`, row.result, `answer of ${id}`) : null;
    const input = call ? again(inputSealName(id), call.input, `input of ${id}`) : null;
    if (result === null && input === null) continue;
    done += 1;
    write.run(
      JSON.stringify({
        ...row,
        ...(result === null ? {} : { result }),
        ...(call && input !== null ? { call: { ...call, input } } : {}),
      }),
      id,
    );
  }
  return done;
}
