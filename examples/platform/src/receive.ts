import type { EventDraft, RawIntake, Receive, RunCall } from "@botyard/sdk";
import { decodeUpdate } from "./decode.ts";
import { adminKey, type State } from "./state.ts";
import type { WireUpdate } from "./wire.ts";

const place = "seq";

/** One poll for the connection. The place is kept together with the events before it: after a crash they come again. */
export function createReceive(state: State): Receive {
  return { run: (call) => run(state, call), decode: async (kept) => decodeKept(kept) };
}

/** After an upgrade, by the code of then: for kinds that an older version did not know. */
function decodeKept({ raw, receivedAt }: RawIntake): readonly EventDraft[] {
  const updates = JSON.parse(new TextDecoder().decode(raw)) as readonly WireUpdate[];
  return updates.map((update) => decodeUpdate(update, receivedAt));
}

async function run(state: State, { signal, started }: RunCall): Promise<void> {
  const { host, api } = state;
  const key = await adminKey(state);
  const stored = await host.store.get(place);
  let after = typeof stored === "number" ? stored : (await api.updates(key, "now", 0, signal)).last;
  await host.store.put({ [place]: after });
  // The server keeps every update: going on from the place proves that nothing is missing.
  started({ from: typeof stored === "number" ? "resumed" : "fresh" });
  while (!signal.aborted) {
    const { updates, last } = await api.updates(key, after, host.connection.settings.pollMs, signal);
    if (updates.length === 0) continue;
    const now = new Date(host.clock.now()).toISOString();
    const events = updates.map((update) => decodeUpdate(update, now));
    const raw = JSON.stringify(updates);
    await host.commit({ via: "poll", id: `${after}-${last}`, raw, events }, { put: { [place]: last } });
    after = last;
  }
}
