import { createClient } from "@botyard/client";
import { BotyardError, type Step } from "@botyard/sdk";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { awaitSteps } from "./await-steps.ts";
import { createFakeIo } from "./fake-io.ts";
import type { Session } from "./session.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const step = (id: string, more: Partial<Step> = {}): Step => ({
  id,
  connection: "cloud",
  bot: "helper",
  kind: "install",
  title: 'install the bot "Helper"',
  why: "",
  run: { where: "the machine of the server", command: "occ talk:bot:install" },
  secret: true,
  state: "open",
  createdAt: "2026-11-20T08:00:00Z",
  doneAt: null,
  ...more,
});

/** A person at a terminal, a service whose steps are as `state` says. */
function waiting(state: (id: string, looks: number) => Partial<Step>) {
  const io = createFakeIo({ interactive: true });
  const looks = new Map<string, number>();
  const client = createClient({
    call: (name, input) => {
      const id = String(input["step"]);
      looks.set(id, (looks.get(id) ?? 0) + 1);
      if (name !== "steps.verify") return Promise.reject(new Error(`nobody asked for ${name}`));
      return Promise.resolve().then(() => step(id, state(id, looks.get(id) ?? 0)));
    },
  });
  const session = {
    io,
    options: { self: "botyard" },
    note: (text: string) => io.err(`${text}\n`),
    client: async () => client,
  } as unknown as Session;
  return {
    io,
    looks,
    run: (...ids: string[]) =>
      awaitSteps(
        ids.map((id) => step(id)),
        session,
      ),
  };
}

it("says that it waits and how to leave, looks every ten seconds, and says what was found", async () => {
  const { io, looks, run } = waiting((_, n) =>
    n < 4 ? {} : { state: "done", note: "found by URL, features webhook, response, reaction" },
  );
  const ended = run("step_3F");
  await vi.advanceTimersByTimeAsync(0);
  expect(io.output).toEqual({
    out: "",
    err: "  Waiting, looking every 10 s. Ctrl-C is safe: botyard steps list · botyard steps verify step_3F\n",
  });
  await vi.advanceTimersByTimeAsync(39_999);
  expect([looks.get("step_3F"), io.output.out]).toEqual([3, ""]);
  await vi.advanceTimersByTimeAsync(1);
  await ended;
  expect(io.output.out).toBe(
    "✓ step_3F done after 40 s: found by URL, features webhook, response, reaction.  next: botyard rooms add-bot cloud/<room> helper\n",
  );
});

it("waits for each of several; one that cannot be looked at now is looked at again", async () => {
  const { io, run } = waiting((id, n) => {
    if (id === "step_1" && n === 1) throw new BotyardError("unreachable", "the server does not answer");
    return id === "step_2" || n > 1 ? { state: "done", kind: "setting", bot: null } : {};
  });
  const ended = run("step_1", "step_2");
  await vi.advanceTimersByTimeAsync(20_000);
  await ended;
  expect(io.output.out).toBe("✓ step_2 done after 10 s\n✓ step_1 done after 20 s\n");
});

it("ends by Ctrl-C and changes nothing", async () => {
  const { io, looks, run } = waiting(() => ({}));
  const ended = run("step_1");
  await vi.advanceTimersByTimeAsync(10_000);
  io.stop();
  await ended;
  expect([looks.get("step_1"), io.output.out]).toEqual([1, ""]);
});

it("says when a step is gone", async () => {
  const { run } = waiting(() => {
    throw new BotyardError("not_found", "there is no step step_1");
  });
  const ended = expect(run("step_1")).rejects.toMatchObject({ code: "not_found" });
  await vi.advanceTimersByTimeAsync(10_000);
  await ended;
});
