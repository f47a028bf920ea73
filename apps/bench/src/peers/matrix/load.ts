// load.ts <url> <hs_token> <connections> <seconds> <events per transaction> [room]…
// Plays the homeserver: PUTs transactions as Synapse 1.157 writes them, each with ids of its own, and prints {"rate": …} a second.
// Plain sockets, so that little of the machine goes to asking.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

const [address = "", token = "", lanes = "1", seconds = "1", size = "1", ...known] = process.argv.slice(2);
const { hostname, port, pathname } = new URL(address);
const run = randomBytes(6).toString("hex");
const perTransaction = Number(size);
const rooms = known.length > 0 ? known : Array.from({ length: 10 }, (_, at) => `!bench${at}:hs.test`);
let transactions = 0;
let events = 0;

interface Shape {
  readonly type: string;
  readonly content: object;
  readonly more?: object;
}

const user = "@alice:hs.test";
const plain: Shape = { type: "m.room.message", content: { body: "restart the build", msgtype: "m.text" } };
/** What people do in a room: mostly they write. */
const shapes: readonly Shape[] = [
  ...Array.from({ length: 7 }, () => plain),
  {
    type: "m.room.message",
    content: {
      body: "> <@botyard:hs.test> done\n\nbotyard: once more, please",
      msgtype: "m.text",
      format: "org.matrix.custom.html",
      formatted_body: '<a href="https://matrix.to/#/@botyard:hs.test">botyard</a>: once more, <b>please</b>',
      "m.mentions": { user_ids: ["@botyard:hs.test"] },
      "m.relates_to": { "m.in_reply_to": { event_id: "$fkVdZEgxq25PSVLp_xaKZeLvcx39rYWU7f-4kIs8dcc" } },
    },
  },
  {
    type: "m.reaction",
    content: {
      "m.relates_to": {
        event_id: "$fkVdZEgxq25PSVLp_xaKZeLvcx39rYWU7f-4kIs8dcc",
        key: "👍",
        rel_type: "m.annotation",
      },
    },
  },
  {
    type: "m.room.member",
    content: { avatar_url: "mxc://hs.test/abcdef", displayname: "Alice", membership: "join" },
    more: { state_key: user, prev_content: { displayname: "alice", membership: "join" } },
  },
];

/** The text of an event around its id. */
const templates = shapes.map(({ type, content, more }, at) => {
  const event = {
    age: 14501,
    content,
    event_id: "$ID",
    origin_server_ts: Date.now(),
    room_id: rooms[at % rooms.length],
    sender: user,
    type,
    unsigned: { age: 14501 },
    user_id: user,
    ...more,
  };
  const text = JSON.stringify(event);
  const cut = text.indexOf("$ID");
  return [text.slice(0, cut), text.slice(cut + 3)] as const;
});

function request(): string {
  let body = '{"de.sorunome.msc2409.to_device":[],"ephemeral":[],"events":[';
  for (let at = 0; at < perTransaction; at += 1) {
    events += 1;
    const [before, after] = templates[events % templates.length] ?? ["", ""];
    body += `${at === 0 ? "" : ","}${before}$${run}${String(events).padStart(31, "A")}${after}`;
  }
  body += "]}";
  transactions += 1;
  return (
    `PUT ${pathname}/transactions/${run}${transactions} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n` +
    `Authorization: Bearer ${token}\r\nContent-Type: application/json\r\nUser-Agent: Synapse/1.157.1\r\n` +
    `Accept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}

/** Whether the text holds a whole answer; throws for any but 200. */
function complete(text: string): boolean {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (!text.startsWith("HTTP/1.1 200")) throw new Error(`answered ${text.slice(0, 500)}`);
  const head = text.slice(0, end).toLowerCase();
  const length = /content-length: (\d+)/.exec(head)?.[1];
  return length === undefined ? text.endsWith("0\r\n\r\n") : text.length >= end + 4 + Number(length);
}

/** One connection that asks again as soon as it is answered, as a homeserver does while it catches up. */
function lane(untilMs: number, answered: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    let text = "";
    socket.setEncoding("latin1");
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the server closed the connection")));
    socket.once("connect", () => socket.write(request()));
    socket.on("data", (chunk: string) => {
      text += chunk;
      try {
        if (!complete(text)) return;
      } catch (error) {
        reject(error as Error);
        return;
      }
      text = "";
      answered();
      if (performance.now() < untilMs) socket.write(request());
      else {
        socket.removeAllListeners("close");
        socket.end();
        resolve();
      }
    });
  });
}

async function rate(forMs: number): Promise<number> {
  let done = 0;
  const start = performance.now();
  await Promise.all(Array.from({ length: Number(lanes) }, () => lane(start + forMs, () => void (done += 1))));
  return done / ((performance.now() - start) / 1000);
}

await rate(Math.min(500, Number(seconds) * 250));
process.stdout.write(`${JSON.stringify({ rate: await rate(Number(seconds) * 1000) })}\n`);
process.exit(0);
