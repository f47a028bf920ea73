import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isBotyardError, type BotyardError, type Event, type Gap } from "@botyard/sdk";
import { createWorld, digestOf, eventually, head, patternOf, type Way, type World } from "@botyard/testing";
import { afterEach, describe, expect, test } from "vitest";
import type * as v from "valibot";
import platform from "../src/index.ts";
import type { settings } from "../src/settings.ts";
import { sandboxPlace } from "./place.ts";

interface Line {
  readonly id: string;
  readonly text: string;
  readonly user: string;
}

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

for (const way of ["direct", "channel"] satisfies Way[]) {
  const open = async (given: v.InferInput<typeof settings> = {}): Promise<World> => {
    const world = await createWorld({ platform, way, place: sandboxPlace(given) });
    cleanups.push(() => world.close());
    return world;
  };

  describe(`ten walks, ${way === "direct" ? "in process" : "through the channel"}`, () => {
    test("1. a bot that has no native id until an operator step is verified, then gets a new one by re-installation", async () => {
      const world = await open({ profiles: ["operator-install"] });
      const created = await world.call("bots.create", { handle: "helper", displayName: "Helper" });
      expect(created).toMatchObject({ nativeId: null, state: "awaiting_operator" });
      const [step] = created.opened ?? [];
      expect(step).toMatchObject({ kind: "install", secret: true, state: "open" });
      const waiting = await world.refused("operator_required", "messages.send", {
        room: "lobby",
        as: "helper",
        text: "too early",
      });
      expect(waiting.details.steps).toEqual([step?.id]);
      // looking does not make it so
      expect((await world.call("steps.verify", { step: step?.id ?? "" })).state).toBe("open");
      // the secret is in the line that is shown once and by `reveal`, and in no list
      const secret = /'([0-9a-f]{64})'/.exec(step?.run.command ?? "")?.[1] ?? "none";
      const { items: listed } = await world.call("steps.list", {});
      expect(JSON.stringify(listed)).not.toContain(secret);
      const revealed = await world.call("steps.get", { step: step?.id ?? "", reveal: true });
      expect(revealed.run.command).toBe(step?.run.command);

      await world.doSteps(created.opened);
      const installed = await world.call("bots.get", { bot: "helper" });
      expect(installed).toMatchObject({ state: "ready", steps: [] });
      expect(installed.nativeId).toBeTypeOf("string");
      await world.call("rooms.add-bot", { room: "lobby", bot: "helper" });
      await world.call("messages.send", { room: "lobby", as: "helper", text: "installed" });

      const renamed = await world.call("bots.update", { bot: "helper", displayName: "Helper the second" });
      // until it is done, the first installation goes on working
      await world.call("messages.send", { room: "lobby", as: "helper", text: "still the first" });
      await world.doSteps(renamed.opened);
      const again = await world.call("bots.get", { bot: "helper" });
      expect(again).toMatchObject({ handle: "helper", displayName: "Helper the second", state: "ready" });
      expect(again.nativeId).not.toBe(installed.nativeId);
      await world.call("rooms.add-bot", { room: "lobby", bot: "helper" });
      const from = await head(world);
      await say(world, "lobby", "who are you now?");
      await eventually(world, from, ({ content }) => content?.text === "who are you now?");
      await world.call("messages.send", { room: "lobby", as: "helper", text: "the second" });
      expect(await texts(world, "lobby")).toEqual(["installed", "still the first", "who are you now?", "the second"]);
    });

    test("2. a send whose answer carries no id, settled from history", async () => {
      const world = await open({ profiles: ["no-message-id"] });
      await makeBot(world, "helper");
      const sent = await world.call("messages.send", { room: "lobby", as: "helper", text: "hello" });
      expect(sent).toMatchObject({ status: "sent", message: null });
      await world.call("ledger.reconcile", { operation: sent.operation });
      const entry = await world.call("ledger.get", { operation: sent.operation });
      const [line] = await transcript(world, "lobby");
      expect(entry).toMatchObject({ state: "done", effect: "applied", result: { message: line?.id } });
      expect(["history", "echo"]).toContain(entry.settledBy);
    });

    test("3. a time-out after which a blind repeat would double", async () => {
      const world = await open({ profiles: ["no-message-id"] });
      await makeBot(world, "helper");
      const send = (text: string) =>
        world.invoke("messages.send", { room: "lobby", as: "helper", text }, { idempotencyKey: text, deadlineMs: 300 });
      await fault(world, { kind: "lose-answer", delayMs: 60_000 });
      const late = await failure(send("posted"));
      expect(late).toMatchObject({ code: "timeout", effect: "unknown" });
      const operation = late.details.operation ?? "";
      expect(await world.call("ledger.reconcile", { operation })).toMatchObject({ state: "done", effect: "applied" });
      // who repeats under the same key gets the answer, and nothing is posted again
      expect(await send("posted")).toMatchObject({ replayed: true });

      // where history proves that nothing happened, the same key may be tried again
      await fault(world, { kind: "fail-before", status: 500 });
      const failed = await failure(send("never posted"));
      expect(failed.effect).toBe("unknown");
      expect(await world.call("ledger.reconcile", { operation: failed.details.operation ?? "" })).toMatchObject({
        state: "failed",
        effect: "none",
      });
      await send("never posted");
      expect(await texts(world, "lobby")).toEqual(["posted", "never posted"]);
    });

    test("4. a key that a failed attempt has burnt", async () => {
      const world = await open({ profiles: ["detect-only-keys"] });
      await makeBot(world, "helper");
      await fault(world, { kind: "fail-before", status: 429, delayMs: 5 });
      const sent = await world.call("messages.send", { room: "lobby", as: "helper", text: "second attempt" });
      expect(await world.call("ledger.get", { operation: sent.operation })).toMatchObject({
        state: "done",
        attempts: 2,
      });
      // an attempt whose answer is lost is not repeated under another key, but looked for
      await fault(world, { kind: "lose-answer" });
      const input = { room: "lobby", as: "helper", text: "lost" };
      const lost = await failure(world.invoke("messages.send", input, { idempotencyKey: "k1" }));
      expect(lost.effect).toBe("unknown");
      expect(await world.call("ledger.reconcile", { operation: lost.details.operation ?? "" })).toMatchObject({
        state: "done",
      });
      expect(await texts(world, "lobby")).toEqual(["second attempt", "lost"]);
      expect(await counts(world)).toMatchObject({ "message.post": 3, posted: 2 });
    });

    test("5. two credentials of which one is revoked in the middle", async () => {
      const world = await open({ profiles: ["two-credentials"] });
      await makeBot(world, "helper");
      const send = (text: string) => world.call("messages.send", { room: "lobby", as: "helper", text });
      await send("one");
      await fault(world, { kind: "revoke", session: "session-ops-admin" });
      const refused = await world.refused("unauthenticated", "bots.create", { handle: "other" });
      expect(refused.message).toContain("owner-session");
      expect(await world.call("connections.get", {})).toMatchObject({ state: "auth_required" });
      await send("two");
      await world.call("credentials.import", { kind: "owner-session", secret: "session-alice" });
      expect(await world.call("connections.get", {})).toMatchObject({ state: "ready" });

      await makeBot(world, "other");
      await fault(world, { kind: "revoke", bot: "other" });
      const silent = await world.refused("unauthenticated", "messages.send", {
        room: "lobby",
        as: "other",
        text: "no",
      });
      expect(silent.message).toContain("bot-token");
      expect(silent.details.fix).toBe("botyard credentials issue sandbox/other");
      expect(await world.call("bots.get", { bot: "other" })).toMatchObject({ state: "auth_required" });
      await world.call("credentials.issue", { bot: "other" });
      await world.call("messages.send", { room: "lobby", as: "other", text: "three" });
      expect(await world.call("bots.get", { bot: "other" })).toMatchObject({ state: "ready" });
      expect((await texts(world, "lobby")).at(-1)).toBe("three");
    });

    test("6. one event seen by three bots as three copies, read with and without a bot filter, one copy late", async () => {
      const world = await open({ profiles: ["per-bot-copies"] });
      for (const handle of ["one", "two", "late"]) await makeBot(world, handle);
      const from = await head(world);
      const type = ["message.created"];
      await world.call("consumers.put", { consumer: "all", start: "now", type });
      await world.call("consumers.put", { consumer: "of-one", start: "now", type, bot: "sandbox/one" });
      await world.call("consumers.put", { consumer: "of-late", start: "now", type, bot: "sandbox/late" });
      await fault(world, { kind: "hold", bot: "late" });
      await say(world, "lobby", "for three");
      const seen = await eventually(world, from, ({ content }) => content?.text === "for three", {
        bot: "sandbox/two",
      });
      await eventually(world, from, ({ id }) => id === seen.id, { bot: "sandbox/one" });
      const pull = async (consumer: string): Promise<Event[]> => {
        const page = await world.call("consumers.events", { consumer, waitMs: 100 });
        await world.call("consumers.ack", { consumer, cursor: page.cursor });
        return page.items;
      };
      expect((await pull("all")).map(({ id }) => id)).toEqual([seen.id]);
      expect((await pull("of-one")).map(({ id }) => id)).toEqual([seen.id]);
      expect(await pull("of-late")).toEqual([]);

      await fault(world, { kind: "release", bot: "late" });
      await eventually(world, from, ({ id }) => id === seen.id, { bot: "sandbox/late" });
      expect((await pull("of-late")).map(({ id, bots }) => ({ id, bots }))).toEqual([{ id: seen.id, bots: ["late"] }]);
      expect(await pull("all")).toEqual([]);
      expect(await pull("of-one")).toEqual([]);
      const whole = await world.call("events.get", { event: seen.id });
      expect(whole.bots.toSorted()).toEqual(["late", "one", "two"]);
    });

    test("7. a socket that stays open and deaf", async () => {
      const world = await open({ heartbeatMs: 20, heartbeatTimeoutMs: 40 });
      await makeBot(world, "helper");
      const from = await head(world);
      await fault(world, { kind: "deaf" });
      await say(world, "lobby", "can you hear me?");
      await eventually(world, from, ({ content }) => content?.text === "can you hear me?");
      const gap = await eventually(world, from, ({ type }) => type === "gap.filled");
      expect(gap.gap?.cause).toContain("nothing came back");
      expect((await world.call("connections.get", {})).state).toBe("ready");
      expect(await counts(world)).toMatchObject({ "socket.open": 2 });
    });

    test("8. a gap filled, a gap lost, a gap only possible", async () => {
      const world = await open({ profiles: ["no-resume"], closedHistory: ["eng:alerts"] });
      await makeBot(world, "helper");
      const { room: alerts } = await world.call("rooms.add-bot", { room: "eng:alerts", bot: "helper" });
      const from = await head(world);
      await away(world, async () => {
        await say(world, "lobby", "missed");
        await say(world, "eng:alerts", "missed for good");
      });
      const back = await eventually(world, from, ({ content }) => content?.text === "missed");
      expect(back).toMatchObject({ backfilled: true, bots: ["helper"] });
      const lost = await eventually(world, from, ({ type }) => type === "gap.lost");
      expect(lost.gap).toMatchObject({ rooms: [alerts], state: "lost", reason: expect.stringContaining("history") });
      const filled = await eventually(world, from, ({ type }) => type === "gap.filled");
      expect(filled.gap).toMatchObject({ state: "filled", messages: 1, certainty: "proven" });

      const blind = await open({ profiles: ["no-resume"], history: false });
      await makeBot(blind, "helper");
      expect((await blind.call("connections.get", {})).continuity).toBe("unprovable");
      const before = await head(blind);
      await away(blind, () => say(blind, "lobby", "nobody will ever know"));
      const possible = await eventually(blind, before, ({ type }) => type === "gap.lost");
      expect(possible.gap).toMatchObject({ certainty: "possible", state: "lost", messages: 0 } satisfies Partial<Gap>);
      expect((await blind.call("gaps.list", { state: "open" })).items).toEqual([]);
    });

    test("9. an operation that acts for a ghost that is no managed bot", async () => {
      const world = await open();
      await makeBot(world, "helper");
      const from = await head(world);
      const sent = await world.call("messages.send", { room: "lobby", as: "user:ghost-7", text: "boo" });
      expect(await transcript(world, "lobby")).toMatchObject([{ id: sent.message, user: "ghost-7", text: "boo" }]);
      const event = await eventually(world, from, ({ message }) => message?.id === sent.message, { own: true });
      expect(event.actor).toMatchObject({ id: "ghost-7", kind: "user", bot: null });
      await world.refused("forbidden", "messages.send", { room: "lobby", as: "user:alice", text: "not mine" });
      // a key for bots does not cover who is none
      const { secret } = await world.call("keys.create", { name: "bots-only", preset: "bot", bot: ["sandbox/helper"] });
      const principal = await world.runtime.authenticate(secret);
      await world.refused(
        "forbidden",
        "messages.send",
        { room: "lobby", as: "user:ghost-7", text: "no" },
        { principal },
      );
      await world.invoke("messages.send", { room: "lobby", as: "helper", text: "yes" }, { principal });
      expect(await texts(world, "lobby")).toEqual(["boo", "yes"]);
    });

    test("10. bytes in and out of 300 MB in constant memory, cut in the middle", { timeout: 60_000 }, async () => {
      const temporary = await useTemporaryFolder();
      const world = await open();
      await makeBot(world, "helper");
      const size = 300 * 1024 * 1024;
      const upload = (body: ReadableStream<Uint8Array>) =>
        world.call("files.upload", {
          room: "lobby",
          as: "helper",
          name: "big.bin",
          file: { body, type: "application/zip", size },
        });
      const watch = watchMemory();
      const kept = await upload(patternOf(size));
      expect(kept.size).toBe(size);
      const back = await world.call("files.download", { file: kept.id, as: "helper" });
      expect(await digestOf(back.body)).toEqual(await digestOf(patternOf(size)));
      // what is kept in memory would be twice the whole
      expect(watch.grownBy()).toBeLessThan(size / 2);

      const before = await temporary.files();
      expect(before).toHaveLength(1);
      const broken = await failure(upload(patternOf(size, { failAt: size / 2 })));
      expect(broken.effect).not.toBe("applied");
      expect(await temporary.files()).toEqual(before);
      // a reader that leaves in the middle leaves the file as it is
      const left = await world.call("files.download", { file: kept.id, as: "helper" });
      const reader = left.body.getReader();
      expect((await reader.read()).value?.byteLength).toBeGreaterThan(0);
      await reader.cancel();
      const again = await world.call("files.download", { file: kept.id, as: "helper" });
      expect((await digestOf(again.body)).size).toBe(size);
    });
  });
}

async function makeBot(world: World, handle: string): Promise<void> {
  const created = await world.call("bots.create", { handle });
  await world.doSteps(created.opened);
  await world.call("rooms.add-bot", { room: "lobby", bot: handle });
}

const say = async (world: World, room: string, text: string): Promise<void> =>
  void (await world.invoke("sandbox.say", { room, text }));

const fault = async (world: World, input: object): Promise<void> => void (await world.invoke("sandbox.fault", input));

const transcript = async (world: World, room: string): Promise<readonly Line[]> =>
  ((await world.invoke("sandbox.transcript", { room })).value as { items: Line[] }).items;

const texts = async (world: World, room: string): Promise<string[]> =>
  (await transcript(world, room)).map(({ text }) => text);

const counts = async (world: World): Promise<Readonly<Record<string, number>>> =>
  ((await world.invoke("sandbox.effects")).value as { counts: Record<string, number> }).counts;

/** Breaks the way in, lets things happen, and opens it again. */
async function away(world: World, meanwhile: () => Promise<void>): Promise<void> {
  await fault(world, { kind: "refuse-sockets" });
  await fault(world, { kind: "cut" });
  await meanwhile();
  await fault(world, { kind: "clear" });
}

async function failure(work: Promise<unknown>): Promise<BotyardError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!isBotyardError(error)) throw new Error("it should have failed with a BotyardError", { cause: error });
  return error;
}

/** How much the process has grown at most since the beginning, looked at ten times a second. */
function watchMemory(): { grownBy(): number } {
  const start = process.memoryUsage().rss;
  let most = start;
  const look = (): void => void (most = Math.max(most, process.memoryUsage().rss));
  const timer = setInterval(look, 100);
  return {
    grownBy() {
      clearInterval(timer);
      look();
      return most - start;
    },
  };
}

/** The server's temporary files go into a folder of this test alone; it must be empty in the end. */
async function useTemporaryFolder(): Promise<{ files(): Promise<string[]> }> {
  const before = process.env["TMPDIR"];
  const folder = await mkdtemp(join(tmpdir(), "botyard-walk-"));
  process.env["TMPDIR"] = folder;
  cleanups.push(async () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    const left = await readdir(folder);
    await rm(folder, { recursive: true });
    expect(left).toEqual([]);
  });
  return {
    files: async () => (await Promise.all((await readdir(folder)).map((name) => readdir(join(folder, name))))).flat(),
  };
}
