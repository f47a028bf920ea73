import { DatabaseSync } from "node:sqlite";
import { openStore } from "@botyard/core";

/**
 * The counterpart of the store: the same rows into the same tables with the same indexes and settings of the file, by
 * prepared statements and nothing else. Like ours it starts from objects, whose JSON is part of the row.
 */
export async function rawDatabase(path: string, durability: "normal" | "full") {
  await (await openStore({ path, durability })).close();
  const db = new DatabaseSync(path);
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${durability}; pragma wal_autocheckpoint = 8000;
    pragma journal_size_limit = 67108864; pragma cache_size = -16384`);
  const insertEvent = db.prepare(
    `insert into log (seq, connection, committed_at, bots, id, key, body) values (?, ?, ?, ?, ?, ?, ?)
     on conflict (key) where key is not null do nothing`,
  );
  const insertEffect = db.prepare(
    `insert into effect (id, scope, operation, idempotency_key, connection, effect_id, state, updated_at, value)
     values (?, 'key_1', 'messages.send', null, 'chat', ?, ?, ?, ?)`,
  );
  const updateEffect = db.prepare("update effect set state = ?, updated_at = ?, value = ? where id = ?");
  const [begin, commit] = [db.prepare("begin immediate"), db.prepare("commit")];
  const inTransaction = (work: () => void): void => {
    begin.run();
    work();
    commit.run();
  };
  const iso = "2026-11-20T08:14:03.120Z";
  const ulid = (n: number): string => `01KB${String(n).padStart(22, "0")}`;
  let n = 0;
  const event = (body: unknown): void => {
    n += 1;
    const key = Buffer.from(`["chat","message","m${n}"]`);
    insertEvent.run(n, "chat", iso, '["helper"]', `evt_${ulid(n)}`, key, JSON.stringify(body));
  };
  return {
    events(bodies: readonly unknown[]): void {
      inTransaction(() => {
        for (const body of bodies) event(body);
      });
    },
    /** What a send keeps: accepted, attempting, its echo in the log, done. */
    send(row: object, echo: object): string {
      const id = `op_${ulid(n + 1)}`;
      const text = (state: string): string => JSON.stringify({ ...row, id, state });
      inTransaction(() => insertEffect.run(id, ulid(n + 1), "accepted", iso, text("accepted")));
      inTransaction(() => updateEffect.run("attempting", iso, text("attempting"), id));
      inTransaction(() => event(echo));
      inTransaction(() => updateEffect.run("done", iso, text("done"), id));
      return id;
    },
    close: () => db.close(),
  };
}
