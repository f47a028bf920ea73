import type { Descriptor } from "@botyard/core";
import { type AnyOperation, type Bytes, isStreamOutput } from "@botyard/sdk";
import { followGaps, followNew, gapsBefore, healing, openGaps } from "./after-gaps.ts";
import { composeInput, synopsis } from "./args/compose.ts";
import type { Flag, ParsedArgs } from "./args/parse.ts";
import { type CommandPlan, kebab, planCommand } from "./args/plan.ts";
import type { Argument, Command } from "./command.ts";
import { examples } from "./examples.ts";
import { formatItem, openedSteps, printAnswer } from "./output/answer.ts";
import { connectionSchema } from "./platform-options.ts";
import { presenters } from "./presenters.ts";
import { saveBytes } from "./save-bytes.ts";
import { sayBefore } from "./say-before.ts";
import type { Session } from "./session.ts";
import { composeWorld } from "./compose-world.ts";

function flagsOf(descriptor: Descriptor, plan: CommandPlan): readonly Flag[] {
  const all: Flag[] = [...plan.flags];
  if (plan.connection !== "none" && !plan.positionals.some((one) => one.field === "connection" && one.required)) {
    all.push({
      name: "connection",
      short: "c",
      type: "string",
      hint: "<id>",
      summary: "Connection; default: BOTYARD_CONNECTION, else the only one",
    });
  }
  if (plan.clearable.length > 0) {
    all.push({
      name: "clear",
      type: "string",
      multiple: true,
      hint: plan.clearable.map(kebab).join("|"),
      summary: "Take a value away",
    });
  }
  if (plan.bytes !== null)
    all.push({ name: "file", type: "string", hint: "<path>|-", summary: "File to read; - for standard input" });
  if (descriptor.output.kind === "bytes") {
    all.push({
      name: "file",
      type: "string",
      hint: "<path>|-",
      summary: "File to write; - or a pipe for standard output",
    });
  }
  if (descriptor.effect !== "read") {
    all.push({
      name: "idempotency-key",
      type: "string",
      hint: "<text>",
      summary: "The same key with the same input does it once",
    });
  }
  return all;
}

function argumentsOf(plan: CommandPlan): readonly Argument[] {
  return plan.positionals.map((one) => ({
    name: one.address ? `[connection/]${kebab(one.field)}` : kebab(one.field),
    required: one.required,
    summary: one.summary,
  }));
}

function target(input: Readonly<Record<string, unknown>>, plan: CommandPlan): string {
  const connection = typeof input["connection"] === "string" ? [input["connection"]] : [];
  const rest = plan.positionals.filter((one) => one.field !== "connection").map((one) => String(input[one.field]));
  return [...connection, ...rest].join("/");
}

async function run(
  descriptor: Descriptor,
  operation: AnyOperation,
  plan: CommandPlan,
  args: ParsedArgs,
  session: Session,
) {
  const { io, globals, options } = session;
  const words = `${descriptor.noun} ${descriptor.verb}`;
  const call = `${options.self} ${words}`;
  const world = composeWorld(session, args, descriptor);
  const input = await composeInput(descriptor, plan, args, world, call);
  if (descriptor.destructive) {
    await sayBefore(descriptor.name, input, session);
    await session.confirm(
      `${words} ${target(input, plan)}: ${descriptor.summary}?`,
      `${call} ${args.positionals.join(" ")}`,
    );
  }
  const backend = await session.backend({ stateless: descriptor.run === "tool" });
  const gaps = healing.has(descriptor.name) ? await openGaps(input, session) : [];
  // Where a server has no overlap the command itself makes a gap.
  const before =
    descriptor.name === "credentials.rotate" && gaps.length === 0 ? await gapsBefore(input, session) : null;
  const idempotencyKey = args.strings.get("idempotency-key")?.[0];
  const answer = backend.transport.call(descriptor.name, input, {
    signal: io.signal,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  if (isStreamOutput(operation.output)) {
    for await (const item of answer as AsyncIterable<unknown>) {
      io.out(`${globals.json ? JSON.stringify(item) : formatItem(item)}\n`);
    }
    return 0;
  }
  const value = await answer;
  if (descriptor.output.kind === "bytes") {
    await saveBytes(value as Bytes, args.strings.get("file")?.[0] ?? null, session);
    return 0;
  }
  if (globals.json) {
    session.json(value);
    return 0;
  }
  const present = presenters[descriptor.name];
  if (present) await present(value as never, session);
  else printAnswer(descriptor, value, { io, quiet: globals.quiet, input });
  // A gap of its own ends when the bot is heard again, with the credential it had.
  if (gaps.length > 0)
    await followGaps(gaps, session, descriptor.name === "bots.enable" ? "same token works again" : undefined);
  if (before) await followNew(before, input, session);
  const steps = openedSteps(value);
  if (steps.length > 0 && io.interactive && !globals.quiet) {
    const { awaitSteps } = await import("./await-steps.ts");
    await awaitSteps(steps, session);
  }
  return 0;
}

/** An operation as a command: everything about it follows from its descriptor. */
export function operationCommand(descriptor: Descriptor, operation: AnyOperation): Command {
  const plan = planCommand(descriptor);
  const words = `${descriptor.noun} ${descriptor.verb}`;
  const shown = examples[descriptor.name];
  return {
    summary: descriptor.summary,
    ...(descriptor.description ? { description: descriptor.description } : {}),
    arguments: argumentsOf(plan),
    flags: flagsOf(descriptor, plan),
    examples: shown ?? [synopsis(plan, words)],
    ...(plan.flags.some((flag) => flag.short === "o") && plan.connection !== "none"
      ? {
          options: async (args, session) => {
            const connection = args.strings.get("connection")?.[0];
            return connection === undefined ? null : connectionSchema(session, connection, descriptor.name);
          },
        }
      : {}),
    run: (args, session) => run(descriptor, operation, plan, args, session),
  };
}
