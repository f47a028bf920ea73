import { readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../../../plugins/mattermost/test/fixtures/frames");
/** Everything a bot may see, driven by REST calls, and its way in and out of a private channel. */
const sessions = ["480-ws-bot-full-session", "531-ws-private-channel-membership"];

interface Frame {
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The frames a Mattermost 11.1.0 sent in the recorded sessions, in order, without the greetings. */
function recorded(): readonly Frame[] {
  return sessions.flatMap((name) =>
    readFileSync(join(folder, `${name}.jsonl`), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly dir?: string; readonly frame?: Frame })
      .flatMap(({ dir, frame }) => (dir === "in" && frame?.event && frame.event !== "hello" ? [frame] : [])),
  );
}

/** Ids of posts in a session: what makes a message, an edit, a reaction its own. */
function postIds(frames: readonly Frame[]): readonly string[] {
  const ids = frames.flatMap(({ data }) => {
    const post = data?.["post"];
    if (typeof post !== "string") return [];
    const { id } = JSON.parse(post) as { readonly id: string };
    return [id];
  });
  return [...new Set(ids)];
}

/** Texts of `count` frames, seq 1 to `count`: the recorded sessions again and again, each time with posts of their own. */
export function frameMix(count: number): readonly string[] {
  const frames = recorded();
  const ids = postIds(frames);
  const texts = frames.map((frame) => JSON.stringify({ ...frame, seq: 0 }).replace(/"seq":0\}$/, '"seq":'));
  const all: string[] = [];
  for (let round = 0; all.length < count; round += 1) {
    const suffix = round.toString(36).padStart(6, "0");
    for (const text of texts) {
      if (all.length >= count) break;
      all.push(`${renamed(text, ids, suffix)}${all.length + 1}}`);
    }
  }
  return all;
}

function renamed(text: string, ids: readonly string[], suffix: string): string {
  return ids.reduce((done, id) => (done.includes(id) ? done.replaceAll(id, id.slice(0, 20) + suffix) : done), text);
}
