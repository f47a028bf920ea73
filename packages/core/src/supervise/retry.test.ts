import { BotyardError, type RunCall } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

const soon = { timeout: 2_000, interval: 5 };

test("a bot whose credential was refused receives again when the platform says that it works", async () => {
  const world = tinyWorld();
  let works = false;
  let runs = 0;
  world.receive = {
    per: "bot",
    run: (call: RunCall) => {
      runs += 1;
      if (!works) return Promise.reject(new BotyardError("unauthenticated", "the token is switched off"));
      call.started({ from: "unknown" });
      return new Promise((resolve) => call.signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
  const { call, value, runtime } = await tinyRuntime({ receive: true, world });
  await call("bots.create", { connection: "chat", handle: "helper" });
  const state = async () => (await value<{ state: string }>("bots.get", { connection: "chat", bot: "helper" })).state;
  await expect.poll(state, soon).toBe("auth_required");
  world.host?.report({ kind: "bot", bot: "helper" }, { state: "degraded", reason: "something else" });
  expect(runs).toBe(1);
  works = true;
  world.host?.report({ kind: "bot", bot: "helper" }, { state: "ready" });
  await expect.poll(state, soon).toBe("ready");
  // Said again while it receives, nothing begins anew.
  world.host?.report({ kind: "bot", bot: "helper" }, { state: "ready" });
  expect(runs).toBe(2);
  await runtime.close({ drainMs: 0 });
});
