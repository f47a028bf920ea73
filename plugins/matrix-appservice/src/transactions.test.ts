import { expect, test } from "vitest";
import { planTransaction, readTransaction } from "./transactions.ts";

const event = (id: string, more = {}) => ({
  event_id: id,
  type: "m.room.message",
  room_id: "!a:hs",
  sender: "@a:hs",
  origin_server_ts: 1,
  content: { body: "x" },
  ...more,
});
const none = { transaction: () => false, event: () => false };

test("a retry has another age and no ephemeral part, and the same key", () => {
  const first = readTransaction("7", {
    events: [event("$1", { age: 5 })],
    ephemeral: [{ type: "m.typing", room_id: "!a:hs", content: {} }],
  });
  const again = readTransaction("7", { events: [event("$1", { age: 2005 })], ephemeral: [] });
  expect(again.key).toBe(first.key);
  expect(first.ephemeral).toEqual([{ type: "m.typing", room_id: "!a:hs", content: {} }]);
});

test("the same id with other events is another transaction: the database was reset", () => {
  expect(readTransaction("1", { events: [event("$1")] }).key).not.toBe(
    readTransaction("1", { events: [event("$2")] }).key,
  );
  expect(readTransaction("1", { events: [event("$1")] }).key).not.toBe(
    readTransaction("2", { events: [event("$1")] }).key,
  );
});

test("what cannot be read is odd, and the rest goes on", () => {
  const odd = [null, 5, "x", [], {}, event(""), event("$2", { type: 5 }), event("$3", { room_id: null })];
  const read = readTransaction("1", {
    events: [...odd, event("$4", { content: null, sender: null, origin_server_ts: "now" })],
  });
  expect(read.odd.length).toBe(odd.length);
  expect(read.events).toEqual([
    {
      type: "m.room.message",
      event_id: "$4",
      room_id: "!a:hs",
      sender: "",
      origin_server_ts: 0,
      content: {},
      unsigned: {},
    },
  ]);
});

test.each([{}, { events: null }, { events: {} }, { ephemeral: [null, 5, {}] }])(
  "no list is an empty one: %j",
  (body) => {
    expect(readTransaction("1", body)).toMatchObject({ events: [], ephemeral: [], odd: [] });
  },
);

test("top-level copies stand in for missing unsigned parts", () => {
  const [read] = readTransaction("1", {
    events: [event("$1", { prev_content: { membership: "join" }, unsigned: { age: 1 } })],
  }).events;
  expect(read?.unsigned).toEqual({ age: 1, prev_content: { membership: "join" } });
});

test("handled transactions and events are left out, and each event counts once", () => {
  const transaction = readTransaction("1", { events: [event("$1"), event("$2"), event("$2"), event("$3")] });
  expect(planTransaction(transaction, none).fresh.map(({ event_id: id }) => id)).toEqual(["$1", "$2", "$3"]);
  expect(
    planTransaction(transaction, { ...none, event: (id) => id === "$1" }).fresh.map(({ event_id: id }) => id),
  ).toEqual(["$2", "$3"]);
  expect(planTransaction(transaction, { ...none, transaction: (key) => key === transaction.key })).toEqual({
    repeated: true,
    fresh: [],
  });
});
