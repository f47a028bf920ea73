import { describe, expect, test } from "vitest";
import type { Recording } from "./recordings.ts";
import { shapeDifference } from "./shape.ts";

export interface ReplayOptions {
  readonly recordings: readonly Recording[];
  /** The simulator, as it was when the recording began. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** Which recorded texts are ids that the simulator gives anew: later requests are rewritten with what it gave. */
  readonly isId?: (text: string) => boolean;
  /** Called before each request: what happened in between, and was not recorded. */
  readonly before?: (recording: Recording, ids: ReadonlyMap<string, string>) => Promise<void> | void;
  /** The request that is sent for a recorded one: its secrets, its bytes. */
  readonly rewrite?: (request: Recording["request"]) => Recording["request"];
}

/** By name of the recording: how the simulator's answer differs in status or shape; null: not at all. */
export async function replayRecordings(options: ReplayOptions): Promise<ReadonlyMap<string, string | null>> {
  const ids = new Map<string, string>();
  const differences = new Map<string, string | null>();
  const renamed = (text: string): string => {
    let out = text;
    for (const [from, to] of ids) {
      out = out.replaceAll(from, to).replaceAll(encodeURIComponent(from), encodeURIComponent(to));
    }
    return out;
  };
  for (const recording of options.recordings) {
    await options.before?.(recording, ids);
    const { method, url, headers, body } = options.rewrite?.(recording.request) ?? recording.request;
    const sent = new Request(renamed(url), { method, headers, ...(body === null ? {} : { body: renamed(body) }) });
    const response = await options.fetch(sent);
    const given = parsed(await response.text());
    learn(recording.response.json, given, ids, options.isId ?? (() => false));
    differences.set(recording.name, compare(recording.response, response.status, given));
  }
  return differences;
}

function compare(wanted: Recording["response"], status: number, given: unknown): string | null {
  if (wanted.status !== status) return `status ${status} instead of ${wanted.status}: ${JSON.stringify(given)}`;
  return shapeDifference(wanted.json, given);
}

function learn(recorded: unknown, given: unknown, ids: Map<string, string>, isId: (text: string) => boolean): void {
  if (typeof recorded === "string" && typeof given === "string") {
    if (recorded !== given && isId(recorded) && !ids.has(recorded)) ids.set(recorded, given);
    return;
  }
  if (typeof recorded !== "object" || recorded === null || typeof given !== "object" || given === null) return;
  for (const [name, value] of Object.entries(recorded)) {
    learn(value, (given as Readonly<Record<string, unknown>>)[name], ids, isId);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * One test for each recording. `notAnswered` names those the simulator does not answer alike, each with the reason; one
 * that is answered alike after all fails, so that the list stays true.
 *
 * @example
 * testRecordings("the simulator answers what a real server answered", { recordings, fetch }, {
 *   "012-license": "licences are not kept",
 * });
 */
export function testRecordings(
  name: string,
  options: ReplayOptions,
  notAnswered: Readonly<Record<string, string>> = {},
): void {
  describe(name, () => {
    let replayed: Promise<ReadonlyMap<string, string | null>> | undefined;
    const differences = () => (replayed ??= replayRecordings(options));
    for (const { name: recording } of options.recordings) {
      const reason = notAnswered[recording];
      test(reason === undefined ? recording : `${recording} (not answered alike: ${reason})`, async () => {
        const difference = (await differences()).get(recording);
        if (reason === undefined) expect(difference).toBeNull();
        else expect(difference, "it is answered alike now: take it from the list").not.toBeNull();
      });
    }
    test("names only recordings that exist", () => {
      const known = new Set(options.recordings.map((recording) => recording.name));
      expect(Object.keys(notAnswered).filter((recording) => !known.has(recording))).toEqual([]);
    });
  });
}
