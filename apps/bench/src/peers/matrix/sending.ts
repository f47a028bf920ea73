/** Where a message is sent: to the service's API, or to the homeserver itself in the same bot's name. */
export interface SendingSettings {
  readonly host: string;
  readonly room: string;
  /** The service's key, or the as_token. */
  readonly token: string;
  /** Of the homeserver: who acts, and what makes transaction ids of this run unlike others. Absent: the service. */
  readonly direct?: { readonly user: string; readonly run: string };
}

const text = "restart the build";

/** One message as a program sends it. */
export function request(n: number, { host, room, token, direct }: SendingSettings): Uint8Array {
  const at = encodeURIComponent(room);
  const [method, path, content] = direct
    ? [
        "PUT",
        `/_matrix/client/v3/rooms/${at}/send/m.room.message/${direct.run}${n}?user_id=${encodeURIComponent(direct.user)}`,
        // The event the service writes: Synapse works longer on one that says whom it mentions, and clients of today say so.
        { msgtype: "m.text", body: text, "m.mentions": {} },
      ]
    : ["POST", `/v1/connections/matrix/rooms/${at}/messages`, { text, as: "helper" }];
  const body = JSON.stringify(content);
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n` +
      `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
