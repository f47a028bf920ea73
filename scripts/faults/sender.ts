import type { ServiceProcess } from "./service.ts";

export interface Send {
  readonly text: string;
  state: "open" | "sent" | "unknown";
  tries: number;
  /** `op_…` */
  operation: string | null;
}

/** A bot program that sends, and tries again with the same key until it hears how it ended. */
export function createSender(service: ServiceProcess, room: string) {
  const sends: Send[] = [];
  const path = `/v1/connections/hs/rooms/${encodeURIComponent(room)}/messages`;

  async function attempt(send: Send): Promise<void> {
    send.tries += 1;
    const answer = await service.call(
      "POST",
      path,
      { text: send.text, as: "helper" },
      { "idempotency-key": send.text },
    );
    const operation = answer.body["operation"];
    if (typeof operation === "string") send.operation = operation;
    if (answer.status < 300) send.state = "sent";
  }

  return {
    sends,
    fresh(): Promise<void> {
      const send: Send = { text: `send-${sends.length + 1}`, state: "open", tries: 0, operation: null };
      sends.push(send);
      return attempt(send);
    },
    /** One more try for each that has no end yet. */
    async again(): Promise<number> {
      const open = sends.filter(({ state }) => state === "open");
      for (const send of open) await attempt(send);
      return sends.filter(({ state }) => state === "open").length;
    },
  };
}
