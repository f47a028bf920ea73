import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRecordings, type ReplayOptions } from "@botyard/testing";
import { addToken, addUser, createSimulator } from "../src/simulator/index.ts";

const folder = join(import.meta.dirname, "fixtures");

interface Kept {
  readonly who: string | null;
  readonly request: { readonly body_base64?: string };
}

const keptOf = (name: string): Kept => JSON.parse(readFileSync(join(folder, "http", `${name}.json`), "utf8")) as Kept;

/** People whose sessions came in a header that is not in the recordings. */
const people: Readonly<Record<string, string>> = { admin: "sysadmin", alice: "alice", bob: "bob" };

/** The recorded exchanges against a fresh simulator. */
export function replayOptions(): ReplayOptions {
  const sim = createSimulator({
    site: "http://127.0.0.1:8065",
    config: { botCreation: false, userTokens: false },
    callOut: answerAsRecorded,
  });
  let current = "";
  let given: ReadonlyMap<string, string> = new Map();
  const sessions = new Map<string, string>();
  const sessionOf = (who: string): string | undefined => {
    const known = sessions.get(who);
    if (known !== undefined) return known;
    const user = [...sim.world.users.values()].find(({ username }) => username === people[who]);
    if (user) sessions.set(who, addToken(sim.world, user.id, "", true).token);
    return sessions.get(who);
  };
  const { world } = sim;
  /** Steps of the recorder that are in no file. */
  const unrecorded: Readonly<Record<string, () => void>> = {
    "164-bot-assign": () => void addUser(world, { id: "qucf15ox6jdgtp6id1suqjdtho", username: "owner2" }),
    "194-user-to-bot-403": () => {
      const user = addUser(world, { id: "go44xku673g6te6671urw7u5kr", username: "conv1", password: "Sup3rSecret!x" });
      const token = addToken(world, user.id, "kept");
      world.tokens.set("a49ugtkowpdzbqjtqrgkwmj5eh", { ...token, token: "a49ugtkowpdzbqjtqrgkwmj5eh" });
    },
    "214-user-to-bot-conv2": () => void addUser(world, { id: "fdzf4eessfbmxjpdi7a3daugxw", username: "conv2" }),
    "234-bot-with-admin-role-cannot-create-bots-2": () => {
      const bot = [...world.users.values()].find(
        ({ roles }) => world.bots.size > 0 && roles.includes("system_admin") && roles !== "system_admin system_user",
      );
      const token = addToken(world, bot?.id ?? "", "second bot");
      world.tokens.set("4m6mx8b8wpgtjrknzqhr5s4szh", { ...token, token: "4m6mx8b8wpgtjrknzqhr5s4szh" });
    },
    // The simulator knows the permission that 238 gives to a role as a role of its own.
    "239-bot-create-by-normal-user-with-role": () => {
      for (const user of world.users.values()) if (user.username === "alice") user.roles += " bot_maker";
    },
    "246-post-403-not-in-team": () => {
      for (const bot of world.bots.keys()) {
        const user = world.users.get(bot);
        if (user) user.roles = "system_user";
      }
    },
  };
  return {
    recordings: loadRecordings(join(folder, "http")),
    fetch: (request) => sim.fetch(request),
    isId: (text) => /^[a-z0-9]{26}$/.test(text),
    before(recording, ids) {
      current = recording.name;
      given = ids;
      unrecorded[recording.name]?.();
    },
    rewrite(request) {
      const { who } = keptOf(current);
      const token = who !== null && who in people ? sessionOf(who) : undefined;
      const body = request.method === "GET" || request.body === "" ? null : request.body;
      const [scheme = "", recorded = ""] = (request.headers["Authorization"] ?? "").split(" ");
      if (recorded === "") return { ...request, body };
      return {
        ...request,
        body,
        headers: { ...request.headers, Authorization: `${scheme} ${token ?? given.get(recorded) ?? recorded}` },
      };
    },
  };
}

/** What the recorded integration answered, by what it was asked. */
async function answerAsRecorded(request: Request): Promise<Response> {
  const body = await request.text();
  const { pathname } = new URL(request.url);
  if (pathname === "/slash") {
    const text = new URLSearchParams(body).get("text") ?? "";
    if (text === "do it now")
      return Response.json({ response_type: "in_channel", text: "done *well*", username: "Yard", props: { a: 1 } });
    if (text === "plain") return new Response("plain text answer", { headers: { "content-type": "text/plain" } });
    if (text === "boom") return new Response("boom", { status: 500 });
    if (text === "bad") return new Response("{", { headers: { "content-type": "application/json" } });
    if (text === "as get") return Response.json({ text: "got" });
    return text.startsWith("hi") ? Response.json({ response_type: "ephemeral", text: "only you" }) : new Response("");
  }
  if (pathname === "/submit") {
    const { submission, cancelled } = JSON.parse(body) as { submission: { why?: string } | null; cancelled: boolean };
    return Response.json(!cancelled && submission?.why === "x" ? { errors: { why: "too short" } } : {});
  }
  if (pathname === "/action" || pathname === "/dlg") return Response.json({});
  throw new TypeError("connection refused");
}

export interface RecordedHook {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly raw_body: string;
  };
}

export const hook = (name: string): RecordedHook =>
  JSON.parse(readFileSync(join(folder, "hooks", `${name}.json`), "utf8")) as RecordedHook;

export interface RecordedLine {
  readonly dir?: "in" | "out" | "event" | "rest";
  readonly frame?: Readonly<Record<string, unknown>>;
}

export const frames = (name: string): readonly RecordedLine[] =>
  readFileSync(join(folder, "frames", `${name}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as RecordedLine);
