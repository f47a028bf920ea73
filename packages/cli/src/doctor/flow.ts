import { formatAgo, formatDuration } from "../args/units.ts";
import type { Line, Patient } from "./types.ts";

/** Older than this, a reader that has events waiting has probably stopped. */
const stalledMs = 300_000;

export async function logLine({ client, connection, bot, room, now }: Patient, url: string | null): Promise<Line> {
  const { items } = await client.gaps.list({ connection, state: "open" });
  const gap = items.find((one) => bot === null || !one.bots || one.bots.includes(bot));
  if (gap) {
    return {
      subject: "log",
      state: "wait",
      detail: `${gap.id} open since ${gap.from}: ${gap.cause} (${gap.certainty === "proven" ? "events are missing" : "events may be missing"})`,
    };
  }
  const page = await client.events.list({
    connection,
    ...(bot === null ? {} : { bot: `${connection}/${bot}` }),
    ...(room === null ? {} : { room: `${connection}/${room}` }),
    own: true,
    limit: 1,
  });
  const last = page.items.at(-1);
  if (!last)
    return { subject: "log", state: "i", detail: url === null ? "no event yet" : "no event yet: nobody has spoken" };
  const addressed =
    bot === null ? "" : last.addressed.includes(bot) ? ", addressed to the bot" : ", not addressed to the bot";
  return { subject: "log", state: "ok", detail: `last event ${formatAgo(last.time, now)} (${last.type}${addressed})` };
}

export async function consumerLines({ client, connection, bot, now }: Patient): Promise<readonly Line[]> {
  const { consumers } = await client.service.status();
  const own = consumers.filter(
    (one) =>
      (one.connection === null || one.connection === connection) &&
      (bot === null || one.bot === null || one.bot === bot || one.bot === `${connection}/${bot}`),
  );
  if (own.length === 0)
    return [{ subject: "consumer", state: "i", detail: "none reads these events (streams are not counted)" }];
  return own.map((one): Line => {
    const silent = now - Date.parse(one.lastAckAt ?? one.createdAt);
    const detail = `${one.name} · ${one.waiting} waiting · last ack ${formatAgo(one.lastAckAt, now)}`;
    if (one.waiting === 0 || silent < stalledMs) return { subject: "consumer", state: "ok", detail };
    return {
      subject: "consumer",
      state: "FAIL",
      detail: `${detail}: it has not read for ${formatDuration(silent)}`,
      fix: `start the program that reads as "${one.name}"`,
    };
  });
}

export async function sendLine({ client, connection, bot, now }: Patient): Promise<Line> {
  const { items } = await client.ledger.list({ connection, limit: 100 });
  const sends = items.filter(
    (row) => /^messages\.(?:send|reply)$/.test(row.operation) && (bot === null || row.bot === bot),
  );
  const unknown = sends.filter((row) => row.state === "unknown");
  const sent = sends.find((row) => row.state === "done");
  const last = sent ? `last sent ${formatAgo(sent.updatedAt, now)}` : "nothing sent yet";
  const [open] = unknown;
  if (open) {
    return {
      subject: "send",
      state: "wait",
      detail: `${last} · unknown ${unknown.length}: looked up in history where there is one`,
      fix: `botyard ledger reconcile ${open.id}`,
    };
  }
  const [newest] = sends;
  if (newest?.state === "failed") {
    return {
      subject: "send",
      state: "FAIL",
      detail: `the last send failed: ${newest.error?.detail ?? "for no known reason"}`,
    };
  }
  return { subject: "send", state: "ok", detail: `${last} · unknown 0` };
}
