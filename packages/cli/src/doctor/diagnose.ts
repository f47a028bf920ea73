import type { Client } from "@botyard/client";
import {
  BotyardError,
  type Connection,
  isBotyardError,
  type Operations,
  type OutputOf,
  parseAddress,
} from "@botyard/sdk";
import { clockTime, formatAgo, formatDuration } from "../args/units.ts";
import { botLine, credentialLines, roomLine } from "./bot.ts";
import { consumerLines, logLine, sendLine } from "./flow.ts";
import type { Diagnosis, Line, Patient } from "./types.ts";

type Status = OutputOf<Operations["service.status"]>;

export interface Question {
  /** `chat`, `chat/tickets`, `tickets`; null: everything. */
  readonly target: string | null;
  readonly connection: string | null;
  readonly room: string | null;
}

interface Aim {
  readonly connections: readonly string[];
  readonly bot: string | null;
  readonly room: string | null;
}

function aimAt(question: Question, known: readonly string[]): Aim {
  const room = question.room === null ? null : parseAddress(question.room, known);
  const target = question.target === null ? null : parseAddress(question.target, known);
  const alone = target && target.connection === null && known.includes(target.name) ? target.name : null;
  const bot = target && alone === null ? target.name : null;
  const connection = target?.connection ?? alone ?? room?.connection ?? question.connection;
  if (connection !== null && !known.includes(connection)) {
    throw new BotyardError(
      "not_found",
      `there is no connection "${connection}"; there are ${known.join(", ") || "none"}`,
    );
  }
  const [only] = known;
  if (connection === null && (bot !== null || room !== null) && (known.length > 1 || only === undefined)) {
    throw new BotyardError(
      "invalid",
      `which connection? There are ${known.join(", ") || "none"}`,
      only === undefined ? {} : { fix: `botyard doctor ${only}/${bot ?? ""}` },
    );
  }
  return {
    connections: connection === null ? known : [connection],
    bot,
    room: room?.name ?? null,
  };
}

const broken = new Set(["auth_required", "failed", "awaiting_operator", "closed"]);

function connectionLine(one: Connection, now: number, aboutBot: boolean): Line {
  const alive =
    one.provenAliveAt === null ? "not proven alive yet" : `proven alive ${formatAgo(one.provenAliveAt, now)}`;
  const reason = one.reason === undefined ? "" : `: ${one.reason}`;
  const since = one.state === "ready" ? "" : ` since ${clockTime(one.since, now)}`;
  const cause = `${one.id} ${one.state}${since}${reason}`;
  const detail = `${cause} · ${alive}`;
  const fix = one.remedy ?? (one.steps[0] === undefined ? undefined : `botyard steps get ${one.steps[0]} --reveal`);
  if (broken.has(one.state) || (one.state === "degraded" && !aboutBot)) {
    return { subject: "connection", state: "FAIL", detail, cause, ...(fix === undefined ? {} : { fix }) };
  }
  const state = one.state === "ready" ? "ok" : one.state === "connecting" ? "wait" : "i";
  return { subject: "connection", state, detail };
}

/** Asks the server itself, without anything it may punish. */
async function probeLines({ client, connection }: Patient): Promise<readonly Line[]> {
  const probed = await client.connections.probe({ connection, level: "passive" });
  return probed.checks
    .filter((check) => check.state !== "ok")
    .map((check) => ({
      subject: check.name,
      state: check.state === "fail" ? "FAIL" : "i",
      detail: check.detail,
      ...(check.fix === undefined ? {} : { fix: check.fix }),
    }));
}

/** A thing that cannot be looked at is a line of its own, and the walk goes on. */
async function look(subject: string, find: () => Promise<readonly Line[]>): Promise<readonly Line[]> {
  try {
    return await find();
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    const skipped = error.code === "unsupported" || error.code === "forbidden";
    const fix = error.details.fix;
    return [
      {
        subject,
        state: skipped ? "-" : "FAIL",
        detail: `${error.code}: ${error.message}`,
        ...(fix === undefined || skipped ? {} : { fix }),
      },
    ];
  }
}

async function walk(patient: Patient, url: string | null): Promise<readonly Line[]> {
  const { bot, room } = patient;
  const parts: (readonly Line[])[] = [
    await look("connection", async () => [
      connectionLine(
        await patient.client.connections.get({ connection: patient.connection }),
        patient.now,
        bot !== null,
      ),
    ]),
    await look("server", () => probeLines(patient)),
  ];
  if (bot !== null) {
    parts.push(await look("bot", async () => [await botLine(patient, bot)]));
    parts.push(await look("credential", () => credentialLines(patient, bot)));
  }
  if (room !== null) parts.push(await look("room", async () => [await roomLine(patient, room)]));
  parts.push(await look("log", async () => [await logLine(patient, url)]));
  parts.push(await look("consumer", () => consumerLines(patient)));
  parts.push(await look("send", async () => [await sendLine(patient)]));
  return parts.flat();
}

const tightShare = 0.05;

/** `up 9 d · disk 61 % free · clock +0.1 s · http://…` */
function serviceDetail(status: Status, url: string, now: number): string {
  const { disk } = status;
  const share = disk && disk.total > 0 ? disk.free / disk.total : null;
  const offset = (Date.parse(status.time) - now) / 1000;
  return [
    `up ${formatDuration(Date.parse(status.time) - Date.parse(status.startedAt))}`,
    ...(share === null ? [] : [`disk ${Math.round(share * 100)} % free${share < tightShare ? " (make room)" : ""}`]),
    `clock ${offset < 0 ? "-" : "+"}${Math.abs(offset).toFixed(1)} s`,
    url,
  ].join(" · ");
}

/** Walks service → connection → bot → credential → room → log → consumer → send. Stops at nothing. */
export async function diagnose(
  question: Question,
  client: Client,
  url: string | null,
  now: number,
): Promise<Diagnosis> {
  const status = await client.service.status();
  const lines: Line[] = [
    url === null
      ? {
          subject: "service",
          state: "FAIL",
          detail: "no service is running: nothing is received",
          fix: "botyard serve",
        }
      : {
          subject: "service",
          state: "ok",
          detail: serviceDetail(status, url, now),
        },
  ];
  const aim = aimAt(
    question,
    status.connections.map((one) => one.id),
  );
  if (aim.connections.length === 0) {
    lines.push({
      subject: "connection",
      state: "i",
      detail: "there is none yet",
      fix: "botyard connect <platform> <url>",
    });
  }
  const walks: (readonly Line[])[] = [];
  for (const connection of aim.connections)
    walks.push(await walk({ client, now, connection, bot: aim.bot, room: aim.room }, url));
  lines.push(...walks.flat());
  const first = lines.find((line) => line.state === "FAIL");
  // What follows by itself where the cause is; the others have nothing to do with it.
  const sick = walks.find((walked) => walked.some((line) => line === first)) ?? [];
  const gap = sick.some((line) => line.subject === "log" && line.state === "wait");
  const later = gap ? sick.flatMap((line) => line.later ?? []) : [];
  const quiet = first ? undefined : lines.find((line) => line.subject === "log" && line.state === "ok");
  return {
    lines,
    ...(first ? { cause: first.cause ?? first.detail } : {}),
    ...(first?.fix === undefined ? {} : { fix: first.fix }),
    ...(later.length > 0 ? { after: later.join("; ") } : {}),
    ...(quiet && aim.bot !== null && quiet.detail.includes("not addressed to the bot")
      ? { after: "nothing is broken: nobody spoke to it" }
      : {}),
  };
}
