import { join } from "node:path";
import type { EventDraft } from "@botyard/sdk";
import type { Figure, Suite } from "../figure.ts";
import { pairedRates } from "../measure.ts";
import { rawDatabase } from "../raw.ts";
import { openWorld } from "../world.ts";

let n = 0;
const draft = (): EventDraft => ({
  key: { kind: "message", id: `m${(n += 1)}` },
  type: "message.created",
  time: "2026-11-20T08:14:03.120Z",
  room: { id: "r_lobby", kind: "channel", handle: "lobby", name: "lobby" },
  actor: { id: "alice", kind: "user", handle: "alice", name: "alice" },
  message: { id: `m${n}` },
  content: {
    text: "please restart the build",
    format: "plain",
    plain: "please restart the build",
    mentions: [],
    files: [],
  },
});
/** Commits of events against the same rows, in the same tables, by prepared statements and nothing else. */
export const suite: Suite = {
  name: "events",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    for (const durability of ["full", "normal"] as const) {
      const world = await openWorld(folder, { durability, name: `events-${durability}` });
      const raw = await rawDatabase(join(folder, `raw-events-${durability}.db`), durability);
      const about = { id: "chat", platform: "sandbox" };
      const { log } = world.runtime.core;
      await log.commit(about, { via: "frame", bots: ["helper"], events: [draft()] });
      const [sample] = (await log.read({ after: 0, filter: { type: ["message.created"] }, limit: 1 })).items;
      if (!sample) throw new Error("the log does not hold what was committed");
      const { seq: _seq, cursor: _cursor, committedAt: _at, bots: _bots, ...body } = sample;
      const row = (): object => ({ ...body, message: { ...body.message, id: `m${(n += 1)}` } });
      for (const [lanes, batch] of [
        [1, 1],
        [32, 1],
        [1, 100],
        [32, 100],
      ] as const) {
        const { a, b } = await pairedRates(
          () =>
            log.commit(about, {
              via: "frame",
              bots: ["helper"],
              events: Array.from({ length: batch }, draft),
            }),
          async () => {
            raw.events(Array.from({ length: batch }, row));
            // As the log does, let others run between two commits.
            await new Promise((resolve) => setImmediate(resolve));
          },
          { seconds, lanes },
        );
        figures.push({
          name: `commit ${batch} event${batch > 1 ? "s" : ""}, ${lanes} writer${lanes > 1 ? "s" : ""}, ${durability}`,
          value: a * batch,
          unit: "events/s",
          against: { name: "raw node:sqlite, same rows and tables", value: b * batch },
          goal: { kind: "atLeast", value: 0.7 },
        });
      }
      raw.close();
      await world.close();
    }
    return figures;
  },
};
