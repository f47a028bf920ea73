import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRecordings, type ReplayOptions } from "@botyard/testing";
import { addChannel, addToken, addUser, createSimulator } from "../src/simulator/index.ts";

const folder = join(import.meta.dirname, "fixtures");

interface Kept {
  readonly who: string | null;
  readonly request: { readonly body_base64?: string; readonly headers: Readonly<Record<string, string>> };
}

const keptOf = (name: string): Kept => JSON.parse(readFileSync(join(folder, "http", `${name}.json`), "utf8")) as Kept;

/** People whose sessions came in a header that is not in the recordings. */
const people: Readonly<Record<string, string>> = { admin: "sysadmin", adm: "sysadmin", alice: "alice", bob: "bob" };

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
  const named = (username: string): string =>
    [...world.users.values()].find((user) => user.username === username)?.id ?? "";
  /** A person, or with an owner a bot, of before the recording. */
  const addOne = (id: string, username: string, owner?: string): void => {
    const { create_at: at } = addUser(world, { id, username });
    const bot = { user_id: id, description: "", create_at: at, update_at: at, delete_at: 0, icon: null };
    if (owner !== undefined) world.bots.set(id, { ...bot, owner_id: owner, last_icon_update: 0 });
  };
  /** A token of a bot, with the secret that the recording was made with. */
  const addKnown = (user: string, recording: string): void => {
    const secret = keptOf(recording).request.headers["Authorization"]?.split(" ")[1] ?? "";
    const token = addToken(world, given.get(user) ?? user, "of before");
    world.tokens.set(secret, { ...token, token: secret });
  };
  /** Steps of the recorder that are in no file. */
  const unrecorded: Record<string, () => unknown> = {
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
  Object.assign(unrecorded, {
    "557-channel-archive": () => {
      const creator = world.users.get(named("sysadmin"));
      const team_id = [...world.teams.keys()][0] ?? "";
      const wish = { team_id, name: "old", display_name: "Old", type: "O" } as const;
      const channel = creator && addChannel(world, wish, creator);
      if (!channel) throw new Error("there is no administrator");
      const bot = given.get("ob5o1i1kkfrt5c1z9g4ch5f7ko") ?? "";
      channel.members.set(bot, { roles: "channel_user" });
      world.channels.delete(channel.id);
      world.channels.set("dn5aqjxwtb8hichok6gyxkqarr", Object.assign(channel, { id: "dn5aqjxwtb8hichok6gyxkqarr" }));
    },
    "561-post-403-after-team-removal": () => addKnown("xhehqpikj78miptxuew3ubtgja", "561-post-403-after-team-removal"),
    "602-post-pending-id-after-32s": () => world.pending.clear(),
    "604-hazard-user-to-bot": () => addOne("em1xuix36jy6xjhpabceeyy4br", "haz1795166906"),
    // The request that never ended (605) had got as far as the account.
    "606-hazard-bot-get-afterwards": () => {
      const user = world.users.get("em1xuix36jy6xjhpabceeyy4br");
      if (user) user.delete_at = world.now();
    },
    "609-hazard-avoided-assign-then-disable": () =>
      addOne("8q3ntdifdtrr5n8kdd7p44cfhc", "haz1795166990", named("sysadmin")),
    "613-ratelimit-429": () => (world.config.rate = { perSecond: 0, burst: -1 }),
    "617-ratelimit-after-waiting": () => (world.config.rate = null),
    "631-owner-reactivate-2": () => {
      addOne("c6cg46ht83n5mbzs3wjzyzmrmr", "own1795167385");
      addOne("9h3ageceutnojyjfjy4tcj66ow", "own1795167385-bot", "c6cg46ht83n5mbzs3wjzyzmrmr");
      const bot = world.bots.get("9h3ageceutnojyjfjy4tcj66ow");
      if (bot) bot.delete_at = bot.update_at = world.now();
    },
    "637-error-detailed-developer-on-403": () => {
      for (const user of world.users.values()) user.roles = user.roles.replace(" bot_maker", "");
    },
    "638-bots-off-create-403": () => (world.config.botCreation = false),
    "643-pats-off-admin-pat-401": () => (world.config.userTokens = false),
    "647-pats-on-again-admin-pat": () => (world.config.userTokens = true),
    "648-owner-deactivate-bots-kept": () => {
      world.config.disableBotsWithOwner = false;
      addOne("csscrqkbhb8picny8w1rytb6co", "keep1795167751");
      addOne("wte7fkpaubbgme46b6goka97jc", "keep1795167751-bot", "csscrqkbhb8picny8w1rytb6co");
      // What the second loop of the hazard left behind.
      addOne("fpr4ptrj5b8h5pmjej17s7omjw", "hbz1795166990", "fpr4ptrj5b8h5pmjej17s7omjw");
      const user = world.users.get("fpr4ptrj5b8h5pmjej17s7omjw");
      if (user) user.delete_at = world.now();
    },
    "651-hazard-not-with-setting-off": () =>
      addOne("ju379xki9fg7mfty4qcdue5tzo", "selfok1795167752", "ju379xki9fg7mfty4qcdue5tzo"),
    "652-bot-list-many-page0-200": () => {
      for (let n = 0; [...world.bots.values()].filter(({ delete_at: at }) => at === 0).length < 226; n += 1)
        addOne(world.newId(), `many-${n}`, named("sysadmin"));
    },
  } satisfies Record<string, () => unknown>);
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
