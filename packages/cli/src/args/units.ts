import { parseDuration } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import { usage } from "./parse.ts";

/** A flag's `30s`, `5m`, `1h30m`, `30d` in milliseconds. */
export function durationOf(text: string, flag: string): number {
  try {
    return text === "0" ? 0 : parseDuration(text);
  } catch (cause) {
    throw new BotyardError("invalid", `${flag} expects a duration with its unit: 500ms, 30s, 5m, 2h, 30d`, { cause });
  }
}

/** `20/min` or `20` a minute. */
export function parseRate(text: string, flag: string): number {
  const match = /^(\d+)(?:\/(?:min|minute|m))?$/.exec(text);
  if (!match) throw usage(`${flag} expects calls a minute: 20/min`);
  return Number(match[1]);
}

/** `41 s`, `5 min`, `3 h`, `9 d`: for people, one unit. */
export function formatDuration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}

/** `8 s ago`; `-` for null. */
export function formatAgo(time: string | null | undefined, now: number): string {
  return time ? `${formatDuration(now - Date.parse(time))} ago` : "-";
}

/** `02:41` of today, `11-19 02:41` of another day, in local time. */
export function clockTime(time: string, now: number): string {
  const [at, today] = [new Date(time), new Date(now)];
  const two = (part: number): string => String(part).padStart(2, "0");
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  return at.toDateString() === today.toDateString() ? clock : `${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
}

/** `41 MB`, powers of 1000. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${Math.round(bytes / 1000 ** power)} ${units[power] ?? "B"}`;
}
