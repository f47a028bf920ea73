import { DatabaseSync } from "node:sqlite";

/** The counterpart of the store: the same rows into the same kind of file, by prepared statements and nothing else. */
export function rawDatabase(path: string, durability: "normal" | "full") {
  const db = new DatabaseSync(path);
  db.exec(`pragma journal_mode = wal; pragma synchronous = ${durability};
    create table event (seq integer primary key autoincrement, id text not null, key text unique, connection text not null, body text not null) strict;
    create table effect (id text primary key, state text not null, value text not null) strict;`);
  const insertEvent = db.prepare(
    "insert into event (id, key, connection, body) values (?, ?, ?, ?) on conflict do nothing returning seq",
  );
  const insertEffect = db.prepare("insert into effect (id, state, value) values (?, ?, ?)");
  const updateEffect = db.prepare("update effect set state = ?, value = ? where id = ?");
  const inTransaction = (work: () => void): void => {
    db.exec("begin immediate");
    work();
    db.exec("commit");
  };
  let n = 0;
  return {
    events(count: number, body: string): void {
      inTransaction(() => {
        for (let i = 0; i < count; i += 1) {
          n += 1;
          insertEvent.get(`evt_${n}`, `key-${n}`, "chat", body);
        }
      });
    },
    /** What a send keeps: accepted, attempting, done, and its echo in the log. */
    send(body: string): number {
      n += 1;
      const id = `op_${n}`;
      inTransaction(() => insertEffect.run(id, "accepted", body));
      inTransaction(() => updateEffect.run("attempting", body, id));
      inTransaction(() => insertEvent.get(`evt_${n}`, `key-${n}`, "chat", body));
      inTransaction(() => updateEffect.run("done", body, id));
      return n;
    },
    close: () => db.close(),
  };
}
