import type { Consumer, Webhook } from "@botyard/sdk";
import { clockTime, formatAgo, formatDuration } from "../args/units.ts";
import type { Line, Patient } from "./types.ts";

/** A list without a beginning holds the last hundred. */
const latest = 100;

/** Older than this, a reader that has events waiting has probably stopped. */
const stalledMs = 300_000;

export async function logLine({ client, connection, bot, room, now }: Patient, url: string | null): Promise<Line> {
  const { items } = await client.gaps.list({ connection, state: "open" });
  const gap = items.find((one) => bot === null || !one.bots || one.bots.includes(bot));
  if (gap) {
    const missing = gap.certainty === "proven" ? "events are missing" : "events may be missing";
    const whom = bot === null ? "" : " for this bot";
    return {
      subject: "log",
      state: "wait",
      detail: `${gap.id} open since ${clockTime(gap.from, now)}: ${gap.cause} (${missing}${whom})`,
      later: `${gap.id} is filled from history where the server has one, or recorded as lost`,
    };
  }
  const page = await client.events.list({
    connection,
    ...(bot === null ? {} : { bot: `${connection}/${bot}` }),
    ...(room === null ? {} : { room: `${connection}/${room}` }),
    own: true,
    limit: latest,
  });
  // What the bot said itself tells nothing of who spoke to it.
  const messages = page.items.filter((event) => event.type.startsWith("message."));
  const last = messages.findLast((event) => !event.own) ?? messages.at(-1) ?? page.items.at(-1);
  if (!last)
    return { subject: "log", state: "i", detail: url === null ? "no event yet" : "no event yet: nobody has spoken" };
  const addressed =
    bot === null ? "" : last.addressed.includes(bot) ? ", addressed to the bot" : ", not addressed to the bot";
  const where = room === null ? "last event" : "last event in this room";
  return { subject: "log", state: "ok", detail: `${where} ${formatAgo(last.time, now)} (${last.type}${addressed})` };
}

/** A webhook as the log sees it: what waits, what was answered, when it is tried again. */
async function webhookLine({ client, now }: Patient, one: Webhook): Promise<Line> {
  const { items } = await client.webhooks.attempts({ webhook: one.name, limit: latest });
  const [last] = items;
  const answered =
    last === undefined ? "nothing sent yet" : `last ${last.status ?? "no answer"} at ${clockTime(last.time, now)}`;
  const waiting = one.waiting + one.retrying;
  const lost = one.lost > 0 ? `, ${one.lost} lost` : ", none lost";
  const taken = items.findIndex(({ outcome }) => outcome === "delivered");
  const refused = one.retrying > 0 ? items.slice(0, taken < 0 ? items.length : taken).at(-1) : undefined;
  // Called failing after some refusals only; what waits for another try waits from the first.
  if (one.state === "ready" && refused)
    return {
      subject: "consumer",
      state: "FAIL",
      detail: `${one.name} (webhook) ${one.url} ${last?.status ?? "no answer"} since ${clockTime(refused.time, now)}; ${waiting} wait${lost}`,
      fix: `start your program; or at once: botyard webhooks replay ${one.name} --now`,
    };
  if (one.state === "ready")
    return { subject: "consumer", state: "ok", detail: `${one.name} (webhook) · ${waiting} waiting · ${answered}` };
  const next = one.nextTryAt === null ? "" : `, next try ${clockTime(one.nextTryAt, now)}`;
  return {
    subject: "consumer",
    state: "FAIL",
    detail: `${one.name} (webhook) ${one.url} ${one.reason ?? one.state} since ${clockTime(one.since, now)}; ${waiting} wait${lost}${next}`,
    fix:
      one.state === "disabled"
        ? `botyard webhooks update ${one.name} --enabled`
        : `start your program; or at once: botyard webhooks replay ${one.name} --now`,
  };
}

const concerns =
  ({ connection, bot }: Patient) =>
  (one: Pick<Consumer, "connection" | "bot">): boolean =>
    (one.connection === null || one.connection === connection) &&
    (one.bot === null ||
      (bot === null
        ? !one.bot.includes("/") || one.bot.startsWith(`${connection}/`)
        : one.bot === bot || one.bot === `${connection}/${bot}`));

/** What a reader makes of events that come late. */
function lateness({ name, maxAgeMs }: Pick<Consumer, "name" | "maxAgeMs">): string {
  return maxAgeMs === null
    ? `"${name}" then gets them marked backfilled`
    : `"${name}" then skips what is older than ${formatDuration(maxAgeMs)} (maxAgeMs ${maxAgeMs})`;
}

export async function consumerLines(patient: Patient): Promise<readonly Line[]> {
  const { client, now } = patient;
  const { consumers, webhooks } = await client.service.status();
  const hooks = webhooks.filter(concerns(patient));
  const own = consumers.filter(concerns(patient));
  if (own.length + hooks.length === 0)
    return [{ subject: "consumer", state: "i", detail: "none reads these events (streams are not counted)" }];
  const pulled = own.map((one): Line => {
    const silent = now - Date.parse(one.lastAckAt ?? one.createdAt);
    const detail = `${one.name} · ${one.waiting} waiting · last ack ${formatAgo(one.lastAckAt, now)}`;
    if (one.waiting === 0 || silent < stalledMs)
      return { subject: "consumer", state: "ok", detail, later: lateness(one) };
    return {
      subject: "consumer",
      state: "FAIL",
      detail: `${detail}: it has not read for ${formatDuration(silent)}`,
      fix: `start the program that reads as "${one.name}"`,
    };
  });
  const posted = hooks.map(async (one): Promise<Line> => {
    const line = await webhookLine(patient, one);
    return line.state === "ok" ? { ...line, later: lateness(one) } : line;
  });
  return [...pulled, ...(await Promise.all(posted))];
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
