import type { Connection, Consumer, Operations, OutputOf, Webhook } from "@botyard/sdk";
import { formatAgo, formatBytes, formatDuration } from "../args/units.ts";
import type { Command } from "../command.ts";
import { asTyped } from "../output/call.ts";
import { createStyle, type Style } from "../output/style.ts";
import { formatTable } from "../output/table.ts";
import type { Session } from "../session.ts";

type Status = OutputOf<Operations["service.status"]>;

interface StatusWorld {
  readonly now: number;
  /** Address of the service; null: no service runs. */
  readonly url: string | null;
  readonly columns: number | null;
  readonly style: Style;
  readonly self: string;
}

function headline({ version, startedAt, log, hooks }: Status, { now, url }: StatusWorld): string {
  const kept = log.retentionMs === null ? "all kept" : `${formatDuration(log.retentionMs)} kept`;
  return [
    `botyard ${version}`,
    ...(url === null ? ["no service running"] : [url, `up ${formatDuration(now - Date.parse(startedAt))}`]),
    [`log #${log.seq}`, kept, ...(log.bytes === null ? [] : [formatBytes(log.bytes)])].join(", "),
    ...(hooks === null ? [] : [`hooks ${hooks}`]),
  ].join(" · ");
}

function connectionRow(one: Connection, now: number): readonly string[] {
  return [
    one.id,
    one.platform,
    one.state,
    formatDuration(now - Date.parse(one.since)),
    `${one.bots.ready}/${one.bots.total}`,
    formatAgo(one.lastEventAt, now),
    formatAgo(one.provenAliveAt, now),
    one.gaps > 0 ? String(one.gaps) : "-",
    one.steps.length > 0 ? one.steps.join(", ") : one.state === "auth_required" ? "a new credential" : "-",
  ];
}

const reads = (one: Pick<Consumer, "bot" | "connection" | "room">): string =>
  [one.bot ?? one.connection, one.room].filter(Boolean).join(" ") || "everything";

const oldest = ({ oldestAt }: Pick<Consumer, "oldestAt">, now: number): string =>
  oldestAt === null ? "-" : formatDuration(now - Date.parse(oldestAt));

function consumerRow(one: Consumer, now: number): readonly string[] {
  return [one.name, "pull", reads(one), String(one.waiting), oldest(one, now), formatAgo(one.lastAckAt, now)];
}

function webhookRow(one: Webhook, now: number): readonly string[] {
  const waiting = one.retrying > 0 ? `${one.waiting + one.retrying}` : String(one.waiting);
  return [one.name, "webhook", reads(one), waiting, oldest(one, now), formatAgo(one.lastDeliveredAt, now)];
}

/** What a webhook that is not well says of itself. */
function webhookCause(one: Webhook, now: number): readonly string[] {
  const dead = one.dead > 0 ? `; ${one.dead} no longer tried: botyard webhooks replay ${one.name}` : "";
  if (one.state === "ready") {
    const again =
      one.retrying > 0 ? `; ${one.retrying} wait for another try: botyard webhooks deliveries ${one.name}` : "";
    return again || dead ? [`${one.name}  ${`${again}${dead}`.slice(2)}`] : [];
  }
  const next = one.nextTryAt === null ? "" : `, next try in ${formatDuration(Date.parse(one.nextTryAt) - now)}`;
  return [`${one.name}  ${one.state}${one.reason ? `: ${one.reason}` : ""}${next}${dead}`];
}

/** The service at a glance, with the reason below each connection that is not well. */
export function formatStatus(status: Status, world: StatusWorld): string {
  const { now, columns, self } = world;
  const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
    formatTable(header, rows, { columns, bold: world.style.bold });
  const lines = [headline(status, world)];
  if (status.connections.length > 0) {
    lines.push(
      table(
        ["CONNECTION", "PLATFORM", "STATE", "SINCE", "BOTS", "LAST EVENT", "PROVEN ALIVE", "GAPS", "NEEDS YOU"],
        status.connections.map((one) => connectionRow(one, now)),
      ),
    );
  } else lines.push(`no connection yet:  ${self} connect <platform> <url>`);
  for (const { id, reason, remedy } of status.connections) {
    if (reason !== undefined) lines.push(`${id}  cause: ${reason}`);
    if (remedy !== undefined) lines.push(`${" ".repeat(id.length)}  fix    ${asTyped(remedy, self)}`);
  }
  const readers = [
    ...status.consumers.map((one) => consumerRow(one, now)),
    ...status.webhooks.map((one) => webhookRow(one, now)),
  ];
  if (readers.length > 0) lines.push(table(["CONSUMER", "KIND", "READS", "WAITING", "OLDEST", "LAST ACK"], readers));
  lines.push(...status.webhooks.flatMap((one) => webhookCause(one, now)));
  const { sent, failed, unknown } = status.ledger;
  lines.push(`LEDGER  sent ${sent} · failed ${failed} · unknown ${unknown}`);
  return `${lines.join("\n")}\n`;
}

/** Prints it for people: `status`, and `service status`. */
export async function showStatus(status: Status, session: Session): Promise<void> {
  const { io, options } = session;
  const { url } = await session.backend();
  const style = createStyle(io.colour.out);
  io.out(formatStatus(status, { now: Date.now(), url, columns: io.columns, style, self: options.self }));
}

async function run(session: Session): Promise<number> {
  const status = await (await session.client()).service.status();
  if (session.globals.json) session.json(status);
  else await showStatus(status, session);
  return 0;
}

export const command: Command = {
  summary: "The service, its connections and consumers at a glance",
  arguments: [],
  flags: [],
  examples: ["status", "status --json"],
  run: (_args, session) => run(session),
};
