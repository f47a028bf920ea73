import type {
  AuditEntry,
  Bot,
  Check,
  Connection,
  Event,
  Key,
  KeyView,
  Plugin,
  RevokedKey,
  Room,
  Step,
} from "@botyard/sdk";
import { showStatus } from "./commands/status.ts";
import { formatDuration } from "./args/units.ts";
import { formatCheck } from "./output/check.ts";
import { formatEvent } from "./output/event.ts";
import { formatStep } from "./output/step.ts";
import { createStyle } from "./output/style.ts";
import { formatTable, inline } from "./output/table.ts";
import { cell, formatFields } from "./output/value.ts";
import type { Session } from "./session.ts";

/** Prints an answer for people where its fields in a row would not do. */
export type Presenter = (value: never, session: Session) => void | Promise<void>;

/** `bot chat/helper, all its rooms, no expiry` */
function describeGrant(key: Pick<Key, "grant" | "preset" | "expiresAt" | "ratePerMinute">): string {
  const { bots, connections, operations, names } = key.grant;
  const rooms = key.grant.rooms?.map((room) => names?.[room] ?? room);
  return [
    // Of a bot's own key the bot says it all.
    ...(key.preset === "bot" && bots ? [] : [key.preset ?? operations.join(", ")]),
    bots ? `bot ${bots.join(", ")}` : connections ? `connection ${connections.join(", ")}` : "all bots",
    rooms ? `rooms ${rooms.join(", ")}` : bots ? "all its rooms" : "all rooms",
    ...(key.ratePerMinute === null ? [] : [`${key.ratePerMinute} calls a minute`]),
    key.expiresAt === null ? "no expiry" : `expires ${key.expiresAt.slice(0, 10)}`,
  ].join(", ");
}

function grantWords({ io }: Session, key: Pick<KeyView, "may" | "mayNot" | "expiresAt">, ending = ""): void {
  io.out(`may     ${key.may.join("; ") || "nothing"}\n`);
  if (key.mayNot.length > 0) io.out(`may not ${key.mayNot.join(", ")}\n`);
  io.out(`expires ${key.expiresAt === null ? "never" : key.expiresAt.slice(0, 10)}${ending}\n`);
}

async function keyCreated(key: KeyView & { readonly secret: string | null }, session: Session): Promise<void> {
  const { io } = session;
  if (key.secret === null) {
    grantWords(session, key, "      (nothing created: --dry-run)");
    return;
  }
  const { url } = await session.backend();
  const where = url === null ? "" : ` BOTYARD_URL=${url}`;
  io.out(`export${where} BOTYARD_KEY=${key.secret}      # shown once; ${describeGrant(key)}\n`);
}

function whoami(key: KeyView, session: Session): void {
  session.io.out(`${key.name}  ${describeGrant(key)}\n`);
  grantWords(session, key);
}

const counted = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;

/** `revoked  now; 1 open stream closed, 2 queued sends cancelled, 1 send in flight: sent op_01KB9` */
function keyRevoked(key: RevokedKey, { io }: Session): void {
  const words: Readonly<Record<string, string>> = { done: "sent", failed: "failed", unknown: "unknown" };
  const left = key.inFlight.map(({ operation, state }) => `${words[state] ?? "not over yet:"} ${operation}`).join(", ");
  const parts = [
    `${counted(key.streams, "open stream", "open streams")} closed`,
    `${counted(key.cancelled, "queued send", "queued sends")} cancelled`,
    ...(left ? [`${counted(key.inFlight.length, "send", "sends")} in flight: ${left}`] : []),
  ];
  io.out(`revoked  ${key.name} now; ${parts.join(", ")}\n`);
}

const answerOf = ({ answer }: AuditEntry): string => (answer === "ok" ? "ok" : `refused ${answer}`);

/** The same again and again is one line with a number. */
function audit(
  page: { readonly items: readonly AuditEntry[]; readonly next?: string | undefined },
  { io, note }: Session,
): void {
  const place = ({ connection, bot, room }: AuditEntry): string =>
    [connection, room ?? bot].filter(Boolean).join("/") || "-";
  const groups: { first: AuditEntry; more: number }[] = [];
  for (const entry of page.items) {
    const last = groups.at(-1);
    const same =
      last !== undefined &&
      [entry.key, entry.operation, place(entry), entry.answer].join() ===
        [last.first.key, last.first.operation, place(last.first), last.first.answer].join();
    if (same && entry.answer !== "ok") last.more += 1;
    else groups.push({ first: entry, more: 0 });
  }
  if (groups.length === 0) {
    note("none");
    return;
  }
  const rows = groups.map(({ first, more }) => [
    cell(first.time),
    first.key,
    first.operation,
    place(first),
    `${answerOf(first)}${more > 0 ? `, ${more} more like it` : ""}`,
  ]);
  const style = createStyle(io.colour.out);
  io.out(
    `${formatTable(["TIME", "KEY", "OPERATION", "WHERE", "ANSWER"], rows, { columns: io.columns, bold: style.bold })}\n`,
  );
  if (page.next !== undefined) note(`more  --cursor ${page.next}`);
}

/** `✓ Mattermost 11.1.0 · clock +0.2 s · signed in as ops-admin (system_admin) · ready · saved as chat`, and below it the rest. */
function connected(value: Connection & { readonly opened: readonly Step[] }, { io }: Session): void {
  const server = value.server ? [value.server.name, value.server.version].filter(Boolean).join(" ") : "";
  const fine = value.checks.filter(({ state, fix }) => state === "ok" && fix === undefined);
  const itself = fine.find(({ detail }) => server !== "" && detail.startsWith(server));
  const account = fine.find(({ detail }) => detail.startsWith("signed in"));
  const head = [
    itself?.detail ?? server,
    ...(account ? [account.detail] : []),
    `${value.state}${value.reason ? `: ${value.reason}` : ""}`,
    `saved as ${value.id}`,
  ];
  io.out(`  ${value.state === "ready" ? "✓" : "!"} ${head.filter(Boolean).map(inline).join(" · ")}\n`);
  for (const check of value.checks) if (check !== itself && check !== account) io.out(`${formatCheck(check)}\n`);
  for (const step of value.opened) io.out(formatStep(step));
}

function probed(
  value: {
    readonly server: Connection["server"];
    readonly checks: readonly Check[];
    readonly continuity: string;
    readonly steps: readonly Step[];
  },
  { io }: Session,
): void {
  io.out(`${value.server?.name ?? "?"} ${value.server?.version ?? ""}  continuity ${value.continuity}\n`);
  for (const check of value.checks) io.out(`${formatCheck(check)}\n`);
  for (const step of value.steps) io.out(formatStep(step));
}

function botMade(
  value: Bot & {
    readonly opened?: readonly Step[] | undefined;
    readonly changed?: readonly { field: string; asked: string; given: string }[] | undefined;
  },
  { io, globals, options }: Session,
): void {
  const steps = value.opened ?? [];
  if (!globals.quiet && (value.nativeId !== null || steps.length === 0)) {
    const parts = [
      `created  ${value.connection}/${value.handle ?? value.username}`,
      ...(value.nativeId === null ? [] : [`id ${value.nativeId}`]),
      ...(value.owner ? [`owner ${value.ownerName ?? value.owner}`] : []),
      ...(value.credentials.length > 0 ? ["credential sealed"] : []),
    ];
    io.out(`${parts.join("  ")}\n`);
  }
  for (const { field, asked, given } of value.changed ?? []) {
    const bot = `${value.connection}/${value.handle ?? value.username}`;
    const other = field === "username" ? `. Other name: ${options.self} bots update ${bot} --username <name>` : "";
    io.out(`  ! ${field}: asked for "${asked}", the server made it "${given}"${other}\n`);
  }
  for (const step of steps) io.out(formatStep(step));
}

function events(page: { readonly items: readonly Event[]; readonly cursor: string }, session: Session): void {
  for (const event of page.items) session.io.out(`${formatEvent(event)}\n`);
  if (page.items.length === 0) session.note("none");
  session.note(`next  ${page.cursor}`);
}

/** A parent is known by what is typed for it, where it is on the page. */
function rooms(
  page: {
    readonly items: readonly (Room & { readonly bots: readonly string[] })[];
    readonly next?: string | undefined;
  },
  session: Session,
): void {
  const { io, note } = session;
  if (page.items.length === 0) note("none");
  else {
    const called = new Map(page.items.map((room) => [room.id, room.handle ?? room.id]));
    const rows = page.items.map((room) => [
      room.handle ?? room.id,
      room.kind,
      cell(room.name),
      cell(room.parent === undefined ? undefined : (called.get(room.parent) ?? room.parent)),
      room.id,
      cell(room.bots.join(", ") || undefined),
    ]);
    const { bold } = createStyle(io.colour.out);
    io.out(`${formatTable(["ROOM", "KIND", "NAME", "PARENT", "ID", "BOTS"], rows, { columns: io.columns, bold })}\n`);
  }
  if (page.next !== undefined) note(`more  --cursor ${page.next}`);
}

function step(value: Step, { io }: Session): void {
  io.out(formatStep(value));
  io.out(
    `${formatFields({ state: value.state, createdAt: value.createdAt, doneAt: value.doneAt, note: value.note })}\n`,
  );
}

/** A table, and below it why one does not run. */
function pluginList(
  page: { readonly items: readonly Plugin[]; readonly next?: string | undefined },
  { io, note }: Session,
): void {
  if (page.items.length === 0) {
    note("none");
    return;
  }
  const rows = page.items.map((one) => [
    one.id,
    one.version,
    one.state,
    one.since === null ? "-" : formatDuration(Date.now() - Date.parse(one.since)),
    one.process,
    one.connections.join(", ") || "-",
    one.source,
  ]);
  const header = ["PLUGIN", "VERSION", "STATE", "SINCE", "PROCESS", "CONNECTIONS", "SOURCE"];
  io.out(`${formatTable(header, rows, { columns: io.columns, bold: createStyle(io.colour.out).bold })}\n`);
  for (const { id, reason } of page.items) if (reason !== undefined) io.out(`${id}  cause: ${inline(reason)}\n`);
  if (page.next !== undefined) note(`more  --cursor ${page.next}`);
}

function pluginRemoved(
  { id, version, kept, deleted }: { id: string; version: string; kept: readonly string[]; deleted: readonly string[] },
  { io, note, options }: Session,
): void {
  io.out(`removed  ${id} ${version}${deleted.length > 0 ? `, and with it ${deleted.join(", ")}` : ""}\n`);
  if (kept.length > 0)
    note(
      `kept     ${kept.join(", ")}: waits for the plugin; to forget it: ${options.self} connections delete ${kept[0]}`,
    );
}

/** By operation; all others are printed by their descriptor. */
export const presenters: Readonly<Record<string, Presenter>> = {
  "keys.create": keyCreated,
  "keys.whoami": whoami,
  "keys.revoke": keyRevoked,
  "audit.list": audit,
  "connections.create": connected,
  "connections.probe": probed,
  "bots.create": botMade,
  "rooms.list": rooms,
  "service.status": showStatus,
  "steps.get": step,
  "plugins.list": pluginList,
  "plugins.remove": pluginRemoved,
  "events.list": events,
  "consumers.events": events,
};
