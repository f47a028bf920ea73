// Streams that wait, in a process of their own. Arguments: address of the service, key, how many. stdout: a line when all
// of them are open.
import { connect } from "node:net";

const [address = "", key = "", count = "0"] = process.argv.slice(2);
const { hostname, port } = new URL(address);
const many = Number(count);
let open = 0;
for (let n = 0; n < many; n += 1) {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `GET /v1/events/stream HTTP/1.1\r\nhost: ${hostname}:${port}\r\nauthorization: Bearer ${key}\r\naccept: text/event-stream\r\n\r\n`,
      );
    });
    socket.once("data", (part) => {
      if (!part.toString("latin1").startsWith("HTTP/1.1 200")) reject(new Error(part.toString("latin1", 0, 200)));
      open += 1;
      resolve();
    });
    socket.on("error", reject);
  });
}
process.stdout.write(`${open}\n`);
setInterval(() => {}, 60_000);
