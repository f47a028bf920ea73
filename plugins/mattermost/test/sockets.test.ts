import { expect, test } from "vitest";
import { isEvent, readFrame } from "../src/frames.ts";
import { addPost, addToken, addUser } from "../src/simulator/index.ts";
import type { SimToken } from "../src/simulator/model.ts";
import type { WireEvent } from "../src/wire.ts";
import { mattermostPlace } from "./place.ts";

/** A member of the channel with a socket to the simulator, as the recorded sessions had. */
async function scene() {
  const place = await mattermostPlace();
  const { sim } = place;
  const channel = sim.world.channels.get(place.room);
  const alice = sim.world.users.get(place.alice.id);
  if (!channel || !alice) throw new Error("the place is not whole");
  const listener = addUser(sim.world, { username: "listener" });
  channel.members.set(listener.id, { roles: "channel_user" });
  const token = addToken(sim.world, listener.id, "t");
  const connect = (query: Record<string, string> = {}, as: SimToken = token) => {
    const heard: WireEvent[] = [];
    const wire = {
      send(text: string) {
        const frame = readFrame(text);
        if (frame !== null && isEvent(frame)) heard.push(frame);
      },
      cut: () => sim.hub.closed(wire),
      close: () => sim.hub.closed(wire),
      waiting: () => 0,
    };
    sim.hub.open(as, new URLSearchParams(query), wire);
    return { heard, wire };
  };
  const say = (count: number): void => {
    for (let n = 0; n < count; n += 1) addPost(sim.world, channel, alice, { message: `m${n}` });
  };
  const first = connect();
  say(3);
  const id = String(first.heard[0]?.data["connection_id"]);
  const next = (first.heard.at(-1)?.seq ?? 0) + 1;
  return { place, connect, say, first, id, next, listener };
}

const kinds = (heard: readonly WireEvent[]): string[] => heard.map(({ event, seq }) => `${event} ${seq}`);

test.each([
  ["506: nothing was missed", 0],
  ["504: a few were missed", 5],
  ["512: 120 were missed", 120],
  ["514: 250 were missed", 250],
])("resuming is as recorded in %s: no hello, and what was missed with its own seq", async (_, missed) => {
  const { place, connect, say, first, id, next } = await scene();
  first.wire.cut();
  say(missed);
  const { heard } = connect({ connection_id: id, sequence_number: String(next) });
  expect(kinds(heard)).toEqual(Array.from({ length: missed }, (__, n) => `posted ${next + n}`));
  say(1);
  expect(kinds(heard).at(-1)).toBe(`posted ${next + missed}`);
  await place.close?.();
});

test("510: with a seq of before, what was seen already comes again", async () => {
  const { place, connect, first, id, next } = await scene();
  first.wire.cut();
  const { heard } = connect({ connection_id: id, sequence_number: String(next - 2) });
  expect(kinds(heard)).toEqual([`posted ${next - 2}`, `posted ${next - 1}`]);
  await place.close?.();
});

test.each<[string, (parts: Awaited<ReturnType<typeof scene>>) => Record<string, string>]>([
  ["516: 400 were missed", ({ say, id, next }) => (say(400), { connection_id: id, sequence_number: String(next) })],
  ["518: a seq of the future", ({ id, next }) => ({ connection_id: id, sequence_number: String(next + 100) })],
  ["519: an unknown connection", ({ next }) => ({ connection_id: "z".repeat(26), sequence_number: String(next) })],
  [
    "608: the server was restarted",
    ({ place, id, next }) => (place.sim.restart(), { connection_id: id, sequence_number: String(next) }),
  ],
])("%s: a hello with another connection, seq 0", async (_, query) => {
  const parts = await scene();
  parts.first.wire.cut();
  const { heard } = parts.connect(query(parts));
  expect(heard[0]).toMatchObject({ event: "hello", seq: 0 });
  expect(heard[0]?.data["connection_id"]).not.toBe(parts.id);
  await parts.place.close?.();
});

test("526, 527: neither another user's nor an open connection is resumed, and the old one lives on", async () => {
  const { place, connect, say, first, id, next } = await scene();
  const other = addToken(place.sim.world, place.alice.id, "other");
  const query = { connection_id: id, sequence_number: String(next) };
  expect(kinds(connect(query, other).heard)).toEqual(["hello 0"]);
  expect(kinds(connect(query).heard)).toEqual(["hello 0"]);
  say(1);
  expect(kinds(first.heard).at(-1)).toBe(`posted ${next}`);
  await place.close?.();
});
