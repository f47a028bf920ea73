import { createHmac, createSecretKey } from "node:crypto";
import { connect } from "node:net";

/**
 * What the runtime and the kernel ask for the same deliveries when nothing else is done: a loop over open sockets that
 * signs, writes, waits for an answer and goes on. Answers how many were answered with 204.
 */
export function barePosts(options: {
  readonly url: string;
  /** Each goes to each path, signed with the secret of that path. */
  readonly bodies: readonly { readonly id: string; readonly text: string }[];
  readonly paths: readonly { readonly path: string; readonly secret: string }[];
  readonly sockets: number;
}): Promise<number> {
  const { bodies, sockets } = options;
  const { host, hostname, port } = new URL(options.url);
  const paths = options.paths.map(({ path, secret }) => ({
    path,
    key: createSecretKey(Buffer.from(secret.replace("whsec_", ""), "base64")),
  }));
  const total = bodies.length * paths.length;
  let sent = 0;
  let good = 0;
  let answers = 0;

  const next = (): string => {
    const body = bodies[Math.floor(sent / paths.length)];
    const to = paths[sent % paths.length];
    sent += 1;
    if (!body || !to) throw new Error("there are no more of them");
    const at = Math.floor(Date.now() / 1000);
    const signature = createHmac("sha256", to.key).update(`${body.id}.${at}.${body.text}`).digest("base64");
    return `POST ${to.path} HTTP/1.1\r\nhost: ${host}\r\nwebhook-id: ${body.id}\r\nwebhook-timestamp: ${at}\r\nwebhook-signature: v1,${signature}\r\ncontent-type: application/json\r\nuser-agent: bare\r\ncontent-length: ${Buffer.byteLength(body.text)}\r\n\r\n${body.text}`;
  };

  return new Promise((resolve, reject) => {
    const open = Array.from({ length: Math.min(sockets, total) }, () => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.setNoDelay(true);
      socket.on("error", reject);
      socket.on("connect", () => socket.write(next()));
      socket.on("data", (part) => {
        answers += 1;
        if (part.toString("latin1", 9, 12) === "204") good += 1;
        if (sent < total) socket.write(next());
        else if (answers === total) {
          for (const one of open) one.destroy();
          resolve(good);
        }
      });
      return socket;
    });
  });
}
