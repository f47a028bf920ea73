/** A numbered step forward: its place in the list + 1 is the number the file then carries. Never changed once released. */
export type Migration = string;

export const migrations: readonly Migration[] = [
  `
  create table meta (name text primary key, value) without rowid;
  insert into meta values ('trimmed', 0);

  create table record (
    kind text not null, id text not null, scope text not null, value text not null, primary key (kind, id)
  ) strict, without rowid;
  create index record_scope on record (scope, kind);
  create table number (kind text primary key, last integer not null) strict, without rowid;
  create table plugin_entry (
    connection text not null, key text not null, value text not null, primary key (connection, key)
  ) strict, without rowid;

  -- A row is a position. Fresh events carry id, key and body; a late copy carries in first_seq where the first is.
  create table log (
    seq integer primary key, first_seq integer, connection text not null, committed_at text not null,
    bots text not null, id text, key blob, body text
  ) strict;
  create unique index log_id on log (id) where id is not null;
  create unique index log_key on log (key) where key is not null;
  create index log_copies on log (first_seq) where first_seq is not null;
  create index log_connection on log (connection);
  create table raw (
    n integer primary key autoincrement, connection text not null, via text not null, id text,
    committed_at text not null, bytes blob not null
  ) strict;
  create index raw_connection on raw (connection);

  -- The columns are what is searched by; the row itself is JSON.
  create table effect (
    n integer primary key autoincrement, id text not null unique, scope text not null, operation text not null,
    idempotency_key text, connection text, effect_id text not null, state text not null, updated_at text not null,
    value text not null
  ) strict;
  create unique index effect_key on effect (scope, operation, idempotency_key) where idempotency_key is not null;
  create index effect_effect_id on effect (effect_id);
  create index effect_state on effect (state);
  create index effect_connection on effect (connection);

  create table audit (
    n integer primary key autoincrement, time text not null, request text not null, key text not null,
    operation text not null, connection text, bot text, room text, answer text not null
  ) strict;
  create index audit_key on audit (key);
  `,
  `
  -- What webhooks have not taken: state and rows are JSON beside what is searched by.
  create table delivery_state (webhook text primary key, value text not null) strict, without rowid;
  create table delivery (
    webhook text not null, seq integer not null, state text not null, value text not null, primary key (webhook, seq)
  ) strict, without rowid;
  create table attempt (
    n integer primary key autoincrement, webhook text not null, event text not null, value text not null
  ) strict;
  create index attempt_webhook on attempt (webhook);
  `,
  `
  -- bots: whom an intake was meant for, as JSON, so that it can be decoded again. It is written with each event of a
  -- pushing server: no index and no sequence, whose pages would be written with it.
  create table raw_intake (
    n integer primary key, connection text not null, via text not null, id text, committed_at text not null,
    bots text, bytes blob not null
  ) strict;
  insert into raw_intake select n, connection, via, id, committed_at, null, bytes from raw;
  drop table raw;
  alter table raw_intake rename to raw;
  -- No query could use it.
  drop index effect_connection;
  `,
  `
  -- Attempts that were written together are one row: a webhook that takes thousands a second would else cost more to
  -- keep a record of than to send to. n: that of the last of them; value: a JSON array, oldest first.
  create table attempts (
    n integer primary key, webhook text not null, count integer not null, value text not null
  ) strict;
  insert into attempts select n, webhook, 1, '[' || value || ']' from attempt;
  drop table attempt;
  create index attempts_webhook on attempts (webhook);
  `,
  `
  -- Instead of an index on the connection, of which each event wrote a page: a row for each connection and 256 positions.
  create table log_block (
    connection text not null, block integer not null, primary key (connection, block)
  ) strict, without rowid;
  insert into log_block select distinct connection, seq / 256 from log;
  drop index log_connection;
  `,
  `
  -- Ids grow with their positions and are found by halving. The table has those that do not, and all of before.
  create table log_odd_id (id text primary key, seq integer not null) strict, without rowid;
  insert into log_odd_id select id, seq from log where id is not null;
  create index log_odd_id_seq on log_odd_id (seq);
  drop index log_id;
  insert into meta select 'ordered', coalesce(max(seq), 0) from log;
  `,
  `
  -- Intakes that came together are one row, sealed together. The columns tell of the last of them, earlier of the others.
  alter table raw add column earlier text;
  `,
];
