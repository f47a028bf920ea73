import { sign } from "@botyard/talk/signature";

export interface TalkSettings {
  readonly secret: string;
  readonly room: string;
  readonly path: string;
}

/** One message as Nextcloud Talk pushes it to a bot, signed. */
export function request(n: number, { secret, room, path }: TalkSettings): Uint8Array {
  const random = `${n}`.padStart(64, "a");
  const body = JSON.stringify({
    type: "Create",
    actor: { type: "Person", id: "users/alice", name: "alice", talkParticipantType: "3" },
    object: {
      type: "Note",
      id: String(n),
      name: "message",
      content: JSON.stringify({ message: "restart the build", parameters: [] }),
      mediaType: "text/markdown",
    },
    target: { type: "Collection", id: room, name: "Ops" },
  });
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: bots.test\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `x-nextcloud-talk-random: ${random}\r\nx-nextcloud-talk-signature: ${sign(secret, random, body)}\r\n` +
      `x-nextcloud-talk-backend: https://cloud.test/\r\n\r\n${body}`,
  );
}
