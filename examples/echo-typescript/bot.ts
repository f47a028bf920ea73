// A bot that answers who speaks to it, with the typed client. Runs on Bun and on Deno.
//   botyard keys create tsbot --preset bot --bot chat/helper      prints the line to paste: BOTYARD_URL, BOTYARD_KEY
//   bun examples/echo-typescript/bot.ts
import process from "node:process";
import { createClient, httpTransport } from "@botyard/client";

const { BOTYARD_URL: url = "http://127.0.0.1:8470", BOTYARD_KEY: key = "" } = process.env;
const botyard = createClient(httpTransport({ url, key }));
const consumer = "tsbot";

await botyard.consumers.put({ consumer, start: "now", bot: "chat/helper" }); // repeating it is harmless
for (;;) {
  const page = await botyard.consumers.events({ consumer, waitMs: 30_000 });
  for (const event of page.items) {
    if (event.type !== "message.created" || !event.addressed.includes("helper")) continue;
    await botyard.messages.reply({ event: event.id, text: `you said: ${event.content?.text ?? ""}` });
  }
  await botyard.consumers.ack({ consumer, cursor: page.cursor });
}
