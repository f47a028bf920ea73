import { describe, expect, test } from "vitest";
import { createFakeClock } from "./fake-clock.ts";
import { createLimiter, type Lease, type Turn } from "./limiter.ts";

const origin = "https://chat.example.org";

function setup() {
  const clock = createFakeClock();
  const limiter = createLimiter({ clock });
  const served: string[] = [];
  const leases: Lease[] = [];
  const ask = (name: string, turn: Partial<Turn> = {}): Promise<Lease> => {
    const asked = limiter.acquire({ origin, as: name, ...turn }).then((lease) => {
      served.push(name);
      leases.push(lease);
      return lease;
    });
    asked.catch(() => {}); // looked at where it matters
    return asked;
  };
  return { clock, limiter, served, leases, ask };
}

describe("limiter", () => {
  test("holds nothing back before a server said something", async () => {
    const { ask, served } = setup();
    await Promise.all(Array.from({ length: 50 }, () => ask("a")));
    expect(served).toHaveLength(50);
  });

  test("an empty window lets nobody through until it begins anew", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", remaining: 1, resetMs: 5_000 });
    void ask("a");
    void ask("a");
    await clock.advance(4_999);
    expect(served).toEqual(["a"]);
    await clock.advance(1);
    expect(served).toEqual(["a", "a"]);
  });

  test("turns go round between bots, whatever each has queued", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 1_000 });
    for (const name of ["a", "a", "a", "a", "b", "c"]) void ask(name).then((lease) => lease.done());
    await clock.advance(1_000);
    expect(served).toEqual(["a", "b", "c", "a", "a", "a"]);
  });

  test("buckets and origins do not share", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "send", remaining: 0, resetMs: 60_000 });
    void ask("a", { bucket: "send" });
    await ask("b", { bucket: "read" });
    await ask("c", { bucket: "send", origin: "https://other.example.org" });
    await clock.advance(0);
    expect(served).toEqual(["b", "c"]);
  });

  test("a wait beyond the deadline is refused at once, with the time to wait and effect none", async () => {
    const { ask, clock, served, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 10_000 });
    await expect(ask("a", { deadline: clock.now() + 9_999 })).rejects.toMatchObject({
      code: "rate_limited",
      details: { retryAfterMs: 10_000, effect: "none" },
    });
    void ask("b", { deadline: clock.now() + 10_001 });
    await clock.advance(10_000);
    expect(served).toEqual(["b"]);
  });

  test("who waits is refused when a later answer puts the end beyond its deadline", async () => {
    const { ask, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 1_000 });
    const waiting = ask("a", { deadline: clock.now() + 2_000 });
    limiter.learn(origin, { bucket: "", pauseMs: 30_000 });
    await expect(waiting).rejects.toMatchObject({ code: "rate_limited", details: { retryAfterMs: 30_000 } });
  });

  test("who is too far behind in the queue is refused when its deadline comes", async () => {
    const { ask, clock, served, limiter } = setup();
    limiter.learn(origin, { bucket: "", remaining: 0, resetMs: 1_000 });
    void ask("a");
    const late = ask("a", { deadline: clock.now() + 1_500 });
    await clock.advance(1_600);
    expect(served).toEqual(["a"]);
    await expect(late).rejects.toMatchObject({ code: "rate_limited" });
  });

  test("after a pause one goes first; the rest follow when it comes back well", async () => {
    const { ask, served, leases, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 1_000 });
    for (const name of ["a", "b", "c"]) void ask(name);
    await clock.advance(1_000);
    expect(served).toEqual(["a"]);
    leases[0]?.done({ bucket: "", pauseMs: 2_000 });
    await clock.advance(1_999);
    expect(served).toEqual(["a"]);
    await clock.advance(1);
    expect(served).toEqual(["a", "b"]);
    leases[1]?.done();
    await clock.advance(0);
    expect(served).toEqual(["a", "b", "c"]);
  });

  test("a long poll after a pause does not keep the others from their turn for ever", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 1_000 });
    for (const name of ["poll", "b"]) void ask(name);
    await clock.advance(2_000);
    expect(served).toEqual(["poll", "b"]);
  });

  test("what is on its way counts against what an earlier answer says is left", async () => {
    const { ask, served, leases, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", remaining: 3, resetMs: 60_000 });
    await Promise.all([ask("a"), ask("a"), ask("a")]);
    // The server answers the first one without having seen the other two.
    leases[0]?.done({ bucket: "", remaining: 2, resetMs: 60_000 });
    void ask("b");
    await clock.advance(0);
    expect(served).toEqual(["a", "a", "a"]);
  });

  test("an aborted wait ends at once, says why and leaves the queue", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", pauseMs: 1_000 });
    const gone = new AbortController();
    const late = new AbortController();
    const first = ask("a", { signal: gone.signal });
    const second = ask("a", { signal: late.signal });
    void ask("b");
    gone.abort();
    late.abort(new DOMException("late", "TimeoutError"));
    await expect(first).rejects.toMatchObject({ code: "cancelled", details: { effect: "none" } });
    await expect(second).rejects.toMatchObject({ code: "timeout", details: { effect: "none" } });
    await clock.advance(1_000);
    expect(served).toEqual(["b"]);
  });

  test("an empty window of unknown end asks again instead of waiting for ever", async () => {
    const { ask, served, clock, limiter } = setup();
    limiter.learn(origin, { bucket: "", remaining: 0 });
    await ask("a");
    void ask("b");
    await clock.advance(999);
    expect(served).toEqual(["a"]);
    await clock.advance(1);
    expect(served).toEqual(["a", "b"]);
  });

  test("done twice counts once", async () => {
    const { ask, leases, clock, served, limiter } = setup();
    await Promise.all([ask("a"), ask("a")]);
    leases[0]?.done();
    leases[0]?.done();
    limiter.learn(origin, { bucket: "", remaining: 1, resetMs: 60_000 });
    void ask("b");
    await clock.advance(0);
    expect(served).toEqual(["a", "a"]);
  });
});
