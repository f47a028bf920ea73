import type { Descriptor } from "@botyard/core";
import type { Event, Step } from "@botyard/sdk";
import type { Io } from "../io.ts";
import { formatEvent } from "./event.ts";
import { formatStep } from "./step.ts";
import { createStyle } from "./style.ts";
import { formatTable } from "./table.ts";
import { at, cell, fillDone, formatFields, isFields } from "./value.ts";

export interface AnswerWorld {
  readonly io: Io;
  readonly quiet: boolean;
  /** What was asked for: `{input.room}` is the room as it was typed, where the answer has its id. */
  readonly input?: Readonly<Record<string, unknown>>;
}

interface ListProblem {
  readonly connection: string;
  readonly code: string;
  readonly detail: string;
}

function heading(column: string): string {
  const parts = column.split(".");
  const last = parts.at(-1) ?? column;
  const telling = /^(?:id|name|handle)$/.test(last) ? (parts.at(-2) ?? last) : last;
  if (telling === "actor") return "WHO";
  return telling.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase();
}

function columnsOf(descriptor: Descriptor, items: readonly unknown[]): readonly string[] {
  if (descriptor.cli.columns) return descriptor.cli.columns;
  const [first] = items;
  return isFields(first) ? Object.keys(first).filter((name) => !isFields(first[name])) : [];
}

function printList(descriptor: Descriptor, body: Readonly<Record<string, unknown>>, { io, quiet }: AnswerWorld): void {
  const items = body["items"] as readonly unknown[];
  if (items.length > 0) {
    const columns = columnsOf(descriptor, items);
    const rows = items.map((item) => columns.map((column) => cell(at(item, column))));
    io.out(
      `${formatTable(columns.map(heading), rows, { columns: io.columns, bold: createStyle(io.colour.out).bold })}\n`,
    );
  } else if (!quiet) io.err("none\n");
  for (const problem of (body["problems"] as readonly ListProblem[] | undefined) ?? []) {
    io.err(`! ${problem.connection}  ${problem.code}  ${problem.detail}\n`);
  }
  if (typeof body["next"] === "string" && !quiet) io.err(`more  --cursor ${body["next"]}\n`);
}

function printChanges(body: Readonly<Record<string, unknown>>, io: Io): void {
  const changed = (body["changed"] ?? []) as readonly { field: string; asked: string; given: string }[];
  for (const { field, asked, given } of changed) {
    io.out(`  ! ${field}: asked for "${asked}", the server made it "${given}"\n`);
  }
}

/** Steps an answer opened; empty for all others. */
export function openedSteps(value: unknown): readonly Step[] {
  return isFields(value) && Array.isArray(value["opened"]) ? (value["opened"] as Step[]) : [];
}

/** An answer for people: a table, what was done, or its fields. */
export function printAnswer(descriptor: Descriptor, value: unknown, world: AnswerWorld): void {
  const { io, quiet } = world;
  if (!isFields(value)) {
    io.out(`${cell(value)}\n`);
    return;
  }
  if (Array.isArray(value["items"])) {
    printList(descriptor, value, world);
    return;
  }
  const { print } = descriptor.cli;
  if (print !== undefined) {
    const text = cell(value[print]);
    io.out(text.endsWith("\n") ? text : `${text}\n`);
    return;
  }
  if (descriptor.cli.done) {
    if (!quiet) io.out(`${fillDone(descriptor.cli.done, { ...value, input: world.input ?? {} })}\n`);
  } else if (descriptor.effect === "read" || Object.keys(value).length > 0) {
    const { opened: _, ...rest } = value;
    if (!(quiet && descriptor.effect !== "read")) io.out(`${formatFields(rest)}\n`);
  } else if (!quiet) io.out("done\n");
  printChanges(value, io);
  for (const step of openedSteps(value)) io.out(formatStep(step));
}

/** One line of a stream. */
export function formatItem(item: unknown): string {
  return isFields(item) && "addressed" in item && "type" in item
    ? formatEvent(item as unknown as Event)
    : JSON.stringify(item);
}
