import { join } from "node:path";
import { createAppService, createRegistration } from "@botyard/matrix-appservice";
import type { Figure, SuiteOptions } from "../figure.ts";
import { percentile, residentMb } from "../measure.ts";

const count = 10_000;
const perTransaction = 100;
const room = "!bench:hs.test";

/** A membership as Synapse pushes it. */
const joinOf = (user: string, at: number): object => ({
  type: "m.room.member",
  event_id: `$join${at}`,
  room_id: room,
  sender: user,
  state_key: user,
  origin_server_ts: Date.now(),
  content: { membership: "join", displayname: `Ghost ${at}` },
  unsigned: { age: 12 },
  user_id: user,
});

/** Many ghosts in one registration: whether one is in a room, asked before each send, and what they cost. */
export async function ghosts({ seconds, folder }: SuiteOptions): Promise<readonly Figure[]> {
  const registration = createRegistration({
    id: "ghosts",
    url: "http://127.0.0.1:9",
    serverName: "hs.test",
    bot: "bridge",
    users: ["_remote_.*"],
  });
  const users = Array.from({ length: count }, (_, at) => `@_remote_${at}:hs.test`);
  const before = await residentMb();
  const as = createAppService({
    registration,
    homeserverUrl: "http://127.0.0.1:9",
    store: join(folder, "ghosts.db"),
    fetch: () => Promise.reject(new Error("nothing is asked: all is known")),
  });
  for (let at = 0; at < count; at += perTransaction) {
    const events = users.slice(at, at + perTransaction).map((user, more) => joinOf(user, at + more));
    const answer = await as.handle(
      new Request(`http://127.0.0.1:9/_matrix/app/v1/transactions/${at}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${registration.hsToken}` },
        body: JSON.stringify({ events }),
      }),
    );
    if (answer.status !== 200) throw new Error(`the transaction was answered ${answer.status}`);
  }
  const intents = users.map((user) => as.intent(user));
  const memory = (await residentMb()) - before;

  const found: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    let done = 0;
    while (performance.now() - start < seconds * 200) {
      for (let at = 0; at < 1_000; at += 1) {
        if (await intents[(done + at) % count]?.ensureJoined(room)) throw new Error("a ghost was not in the room");
      }
      done += 1_000;
    }
    found.push(done / ((performance.now() - start) / 1000));
  }
  await as.close();
  return [
    {
      name: "ensure-joined from cache, 10,000 ghosts",
      value: percentile(found, 50),
      unit: "calls/s",
      goal: { kind: "atLeast", value: 100_000 },
      note: "library; one after the other, each ghost in turn; no request is made",
    },
    {
      name: "10,000 ghosts in a room, memory",
      value: memory,
      unit: "MB",
      note: "with an intent object of each, and the store's file open",
    },
  ];
}
