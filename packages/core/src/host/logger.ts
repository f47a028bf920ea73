import type { Log } from "@botyard/sdk";
import { createConsola, type LogObject } from "consola/core";
import { currentRequest } from "./correlation.ts";
import type { Redactor } from "./redact.ts";

export type LogFormat = "human" | "json";
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LoggerOptions {
  readonly format: LogFormat;
  /** Default `info`. */
  readonly level?: LogLevel | undefined;
  readonly redactor: Redactor;
  /** Takes one line, with its line end. Default: standard error. */
  readonly write?: ((line: string) => void) | undefined;
  /** ANSI colours of the human form; default: no. */
  readonly colors?: boolean | undefined;
}

/** A log whose lines can be marked: `logger.child({ connection: "chat" })`. */
export interface Logger extends Log {
  child(fields: Readonly<Record<string, unknown>>): Logger;
  /** Whether lines of this level are written: who would have to put much together for one asks first. */
  wants(level: LogLevel): boolean;
}

const levels = { silent: -1, error: 0, warn: 1, info: 3, debug: 4 } as const satisfies Record<LogLevel, number>;
const colours = { error: 31, warn: 33, info: 36, debug: 90 } as const;

/**
 * Structured log on standard error; standard output stays free for answers. Secrets are masked in message and data.
 * What is logged while a request is worked on says which: `request`.
 *
 * @example
 * {"time":"2026-11-20T08:14:03.120Z","level":"warn","message":"socket closed","connection":"chat","code":1006}
 * 08:14:03 warn  socket closed  connection=chat code=1006
 */
export function createLogger(options: LoggerOptions): Logger {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const format = options.format === "json" ? jsonLine : humanLine(options.colors ?? false);
  const most = levels[options.level ?? "info"];
  const consola = createConsola({
    level: most,
    throttle: 0, // every record is written: repeats are facts too
    reporters: [{ log: (record) => write(`${format(toLine(record, options.redactor))}\n`) }],
  });

  const wants = (level: LogLevel): boolean => levels[level] <= most;
  const build = (fields: Readonly<Record<string, unknown>>): Logger => {
    const at = (level: keyof typeof colours): Log["debug"] => {
      if (!wants(level)) return () => {};
      return (message, data) => {
        const request = currentRequest();
        consola[level].raw({
          text: message,
          data: { ...fields, ...(request === undefined ? {} : { request }), ...data },
        });
      };
    };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      child: (more) => build({ ...fields, ...more }),
      wants,
    };
  };
  return build({});
}

interface Line {
  readonly time: string;
  readonly level: keyof typeof colours;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function toLine(record: LogObject, redactor: Redactor): Line {
  const { text, data } = record.args[0] as { text: string; data: Record<string, unknown> };
  return {
    time: record.date.toISOString(),
    level: record.type as Line["level"],
    message: redactor.text(text),
    data: redactor.data(data),
  };
}

function jsonLine({ data, ...head }: Line): string {
  return JSON.stringify({ ...head, ...data, ...head });
}

function humanLine(colors: boolean): (line: Line) => string {
  return ({ time, level, message, data }) => {
    const name = colors ? `\u001b[${colours[level]}m${level.padEnd(5)}\u001b[0m` : level.padEnd(5);
    const fields = Object.entries(data)
      .filter(([, value]) => value !== undefined)
      .map(
        ([key, value]) =>
          `${key}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
      );
    // One record, one line: a name from a chat server must not forge another one.
    const head = `${time.slice(11, 19)} ${name} ${oneLine(message)}`;
    return fields.length > 0 ? `${head}  ${fields.join(" ")}` : head;
  };
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (char) => JSON.stringify(char).slice(1, -1));
}
