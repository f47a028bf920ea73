// Carries what people write in one room to another and back, also between two chat servers. Runs on Bun and on Deno.
//   botyard keys create relay --bot chat/helper --bot cloud/helper --allow "consumers.*,messages.send"
//   bun examples/relay/relay.ts chat/lobby helper cloud/general helper
//
// It cannot run in circles, because what is carried over is what a person wrote, and nothing else:
//   - our own bots: a consumer leaves out the echo of what a managed bot did (`own`)
//   - other people's bots, bridges and relays: their messages have an actor that is no `user`
//   - a bridge that posts as if it were a person: what carries our mark is not carried again
// It may die at any line: a page comes again until it is acknowledged, and the same key sends a message once.
import process from "node:process";
import { createClient, httpTransport } from "@botyard/client";
import { type Event, isBotyardError } from "@botyard/sdk";

interface Side {
  readonly connection: string;
  readonly room: string;
  /** Bot that writes there. */
  readonly bot: string;
}

const { BOTYARD_URL: url = "http://127.0.0.1:8470", BOTYARD_KEY: key = "" } = process.env;
const botyard = createClient(httpTransport({ url, key }));
/** Nobody types it, no server shows it. */
const mark = "\u2063";

function sideOf(place: string | undefined, bot: string | undefined): Side {
  const slash = place?.indexOf("/") ?? -1;
  if (place === undefined || bot === undefined || slash < 1) {
    console.error("relay.ts <connection/room> <bot> <connection/room> <bot>");
    process.exit(2);
  }
  return { connection: place.slice(0, slash), room: place.slice(slash + 1), bot };
}

/** What goes over; null: nothing does. */
function carried({ type, own, actor, content }: Event): string | null {
  if (type !== "message.created" || own || actor?.kind !== "user" || !content || content.text.startsWith(mark))
    return null;
  const files = content.files.map((file) => `[${file.name ?? "file"}]`).join(" ");
  const text = [content.text, files].filter(Boolean).join(" ");
  return text === "" ? null : `${mark}<${actor.name ?? actor.handle ?? actor.id}> ${text}`;
}

/** False: the other side refuses this message, now and later. */
async function send(event: Event, text: string, { connection, room, bot }: Side): Promise<boolean> {
  try {
    await botyard.messages.send({ connection, room, as: bot, text }, { idempotencyKey: `relay-${event.id}` });
    return true;
  } catch (error) {
    if (isBotyardError(error) && ["too_large", "forbidden", "invalid"].includes(error.code)) return false;
    throw error;
  }
}

async function relay(name: string, from: Side, to: Side): Promise<never> {
  const { connection, room } = from;
  await botyard.consumers.put({ consumer: name, connection, room, type: ["message.created"], start: "now" });
  for (;;) {
    const page = await botyard.consumers.events({ consumer: name, waitMs: 30_000 });
    for (const event of page.items) {
      const text = carried(event);
      if (text !== null && !(await send(event, text, to))) console.error(`left out: ${event.id}`);
    }
    await botyard.consumers.ack({ consumer: name, cursor: page.cursor });
  }
}

const [placeA, botA, placeB, botB] = process.argv.slice(2);
const [a, b] = [sideOf(placeA, botA), sideOf(placeB, botB)];
await Promise.all([relay("relay-there", a, b), relay("relay-back", b, a)]);
