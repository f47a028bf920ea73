import type { Bot, Check, Connection, Event, Key, Step } from "@botyard/sdk";
import { formatCheck } from "./output/check.ts";
import { formatEvent } from "./output/event.ts";
import { formatStep } from "./output/step.ts";
import { formatFields } from "./output/value.ts";
import type { Session } from "./session.ts";

/** Prints an answer for people where its fields in a row would not do. */
export type Presenter = (value: never, session: Session) => void | Promise<void>;

/** `bot chat/helper, all its rooms, no expiry` */
function describeGrant(key: Pick<Key, "grant" | "preset" | "expiresAt" | "ratePerMinute">): string {
  const { bots, rooms, connections, operations } = key.grant;
  return [
    // Of a bot's own key the bot says it all.
    ...(key.preset === "bot" && bots ? [] : [key.preset ?? operations.join(", ")]),
    bots ? `bot ${bots.join(", ")}` : connections ? `connection ${connections.join(", ")}` : "all bots",
    rooms ? `rooms ${rooms.join(", ")}` : bots ? "all its rooms" : "all rooms",
    ...(key.ratePerMinute === null ? [] : [`${key.ratePerMinute} calls a minute`]),
    key.expiresAt === null ? "no expiry" : `expires ${key.expiresAt.slice(0, 10)}`,
  ].join(", ");
}

async function keyCreated(key: Key & { readonly secret: string }, session: Session): Promise<void> {
  const { io } = session;
  const { url } = await session.backend();
  const where = url === null ? "" : ` BOTYARD_URL=${url}`;
  io.out(`export${where} BOTYARD_KEY=${key.secret}      # shown once; ${describeGrant(key)}\n`);
}

function whoami(key: Key, { io }: Session): void {
  io.out(`${key.name}  ${describeGrant(key)}\n`);
  io.out(`may  ${key.grant.operations.join(", ")}\n`);
}

function connected(value: Connection & { readonly opened: readonly Step[] }, { io }: Session): void {
  const server = value.server ? `${value.server.name}${value.server.version ? ` ${value.server.version}` : ""} · ` : "";
  io.out(
    `  ${value.state === "ready" ? "✓" : "!"} ${server}${value.state}${value.reason ? `: ${value.reason}` : ""} · saved as ${value.id}\n`,
  );
  for (const check of value.checks) io.out(`${formatCheck(check)}\n`);
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
  { io, globals }: Session,
): void {
  const steps = value.opened ?? [];
  if (!globals.quiet && (value.nativeId !== null || steps.length === 0)) {
    const parts = [
      `created  ${value.connection}/${value.handle ?? value.username}`,
      ...(value.nativeId === null ? [] : [`id ${value.nativeId}`]),
      ...(value.owner ? [`owner ${value.owner}`] : []),
      ...(value.credentials.length > 0 ? ["credential sealed"] : []),
    ];
    io.out(`${parts.join("  ")}\n`);
  }
  for (const { field, asked, given } of value.changed ?? []) {
    io.out(`  ! ${field}: asked for "${asked}", the server made it "${given}"\n`);
  }
  for (const step of steps) io.out(formatStep(step));
}

function events(page: { readonly items: readonly Event[]; readonly cursor: string }, session: Session): void {
  for (const event of page.items) session.io.out(`${formatEvent(event)}\n`);
  if (page.items.length === 0) session.note("none");
  session.note(`next  ${page.cursor}`);
}

function step(value: Step, { io }: Session): void {
  io.out(formatStep(value));
  io.out(
    `${formatFields({ state: value.state, createdAt: value.createdAt, doneAt: value.doneAt, note: value.note })}\n`,
  );
}

/** By operation; all others are printed by their descriptor. */
export const presenters: Readonly<Record<string, Presenter>> = {
  "keys.create": keyCreated,
  "keys.whoami": whoami,
  "connections.create": connected,
  "connections.probe": probed,
  "bots.create": botMade,
  "steps.get": step,
  "events.list": events,
  "consumers.events": events,
};
