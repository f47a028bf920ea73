import { join } from "node:path";
import { createApp, listen } from "@botyard/http";
import { Hono } from "hono";
import type { Figure, Suite } from "../figure.ts";
import { pairedRates } from "../measure.ts";
import { rawDatabase } from "../raw.ts";
import { silent } from "../runtime.ts";
import { openWorld } from "../world.ts";

async function post(url: string, key: string, text: string): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ text }),
  });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

/** A call of the API against a bare Hono handler that keeps the same rows. Client and server share the process. */
export const suite: Suite = {
  name: "api",
  async run({ seconds, folder }) {
    const figures: Figure[] = [];
    for (const durability of ["full", "normal"] as const) {
      const world = await openWorld(folder, { durability, name: `api-${durability}` });
      const { secret } = (await world.invoke("keys.create", { name: `bench-${durability}`, preset: "bot" })) as {
        secret: string;
      };
      const send = async (): Promise<{ operation: string }> =>
        (await world.invoke("messages.send", { connection: "chat", room: "lobby", text: "hello" })) as {
          operation: string;
        };
      const app = createApp(world.runtime, {
        log: silent,
        listenHost: "127.0.0.1",
      });
      const ours = await listen(app.fetch, { port: 0 });
      const raw = await rawDatabase(join(folder, `raw-api-${durability}.db`), durability);
      const kept = await world.runtime.core.store.getEffect((await send()).operation);
      const [echo] = (await world.runtime.core.log.read({ after: 0, filter: { own: true }, limit: 1 })).items;
      if (!kept || !echo) throw new Error("a send left no row or no echo");
      const bare = new Hono();
      bare.get("/whoami", (c) => c.json({ id: "key_1", name: "bench", preset: "bot" }));
      bare.post("/send", async (c) => {
        const { text } = await c.req.json<{ text: string }>();
        const operation = raw.send({ ...kept, text }, { ...echo, content: { ...echo.content, text } });
        return c.json({ operation, status: "sent" }, 201);
      });
      const theirs = await listen((request) => bare.fetch(request), { port: 0 });
      for (const lanes of [1, 32]) {
        const { a, b } = await pairedRates(
          () => post(`${ours.url}/v1/connections/chat/rooms/lobby/messages`, secret, "hello"),
          () => post(`${theirs.url}/send`, secret, "hello"),
          { seconds, lanes },
        );
        figures.push({
          name: `messages.send over HTTP, ${lanes} connection${lanes > 1 ? "s" : ""}, ${durability}`,
          value: a,
          unit: "calls/s",
          against: { name: "bare Hono, same rows and tables", value: b },
          goal: { kind: "atLeast", value: 0.8 },
          note: "ours also runs a chat server in the process and its echo through the log",
        });
      }
      const read = async (url: string): Promise<void> =>
        void (await (await fetch(url, { headers: { authorization: `Bearer ${secret}` } })).arrayBuffer());
      const { a, b } = await pairedRates(
        () => read(`${ours.url}/v1/whoami`),
        () => read(`${theirs.url}/whoami`),
        { seconds, lanes: 32 },
      );
      figures.push({
        name: `keys.whoami over HTTP, 32 connections, ${durability}`,
        value: a,
        unit: "calls/s",
        against: { name: "bare Hono, constant answer", value: b },
      });
      await ours.close({ drainMs: 0 });
      await theirs.close({ drainMs: 0 });
      raw.close();
      await world.close();
    }
    return figures;
  },
};
