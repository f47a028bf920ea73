import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadRecordings, testRecordings } from "@botyard/testing";
import { addChannel, addTeam, addToken, addUser, createSimulator } from "../src/simulator/index.ts";

const folder = join(import.meta.dirname, "fixtures/legacy");

/** What the simulator does not answer as 5.39.3 did. */
const notAnswered = {
  "001-ping": "the ping names versions of clients that the plugin does not read",
  "002-config-client-old": "of the configuration only what the plugin reads is kept",
  "004-user-create-first": "accounts have fields of then that the plugin does not read",
  "005-login": "accounts have fields of then that the plugin does not read",
  "011-bot-icon-get-304": "entity tags are not compared",
  "035-bot-users-me": "accounts have fields of then that the plugin does not read",
  "036-bot-to-user": "accounts have fields of then that the plugin does not read",
  "044-post-create": "posts have fields of then that the plugin does not read",
};

const sim = createSimulator({
  site: "http://127.0.0.1:8066",
  config: { icons: true, version: "5.39.3" },
});
interface Kept {
  readonly who: string | null;
  readonly request: { readonly body_base64?: string };
}

let kept: Kept = { who: null, request: {} };
let given: ReadonlyMap<string, string> = new Map();
const sessions = new Map<string, string>();

/** A session of an ordinary user of before, or of who signed in with a header that is not in the recordings. */
function sessionOf(name: string): string | undefined {
  const username = { admin: "sysadmin", l_admin: "sysadmin", alice: "alice", l_alice: "alice" }[name];
  if (username === undefined) return undefined;
  const user =
    [...sim.world.users.values()].find((one) => one.username === username) ?? addUser(sim.world, { username });
  const session = sessions.get(name) ?? addToken(sim.world, user.id, "", true).token;
  sessions.set(name, session);
  return session;
}

/** Steps of the recorder that are in no file. */
const unrecorded: Readonly<Record<string, () => unknown>> = {
  "033-bot-assign": () => addUser(sim.world, { id: "67ch5xt3gfrsznsmpx5ebrmn4r", username: "bob" }),
  // A second run, with a bot and a channel of its own.
  "043-error-shape": () => {
    const bot = addUser(sim.world, { id: "s146nmb8i7bz8e1d7nxnqdcqky", username: "second-bot" });
    const row = { user_id: bot.id, description: "", owner_id: bot.id, create_at: 1, update_at: 1, delete_at: 0 };
    sim.world.bots.set(bot.id, { ...row, icon: null, last_icon_update: 0 });
    const token = addToken(sim.world, bot.id, "of before");
    sim.world.tokens.set("5bpj6wqoktbapmu54aaofppt9e", { ...token, token: "5bpj6wqoktbapmu54aaofppt9e" });
    const team = addTeam(sim.world, "yard", "Yard", bot);
    const wish = { team_id: team.id, name: "ops", display_name: "Ops", type: "O" } as const;
    const channel = Object.assign(addChannel(sim.world, wish, bot), { id: "qwmtjcmjqjyrimck5shnt3nqpy" });
    channel.members.set(bot.id, { roles: "channel_user" });
    sim.world.channels.set(channel.id, channel);
  },
  "047-self-owned-user-to-bot": () =>
    addUser(sim.world, { id: "ozf7yxm3ttfjbmf5myhdkpzqyr", username: "carol", first_name: "carol" }),
};

testRecordings(
  "the simulator answers what Mattermost 5.39.3 answered",
  {
    recordings: loadRecordings(folder),
    fetch: (request) => sim.fetch(request),
    isId: (text) => /^[a-z0-9]{26}$/.test(text),
    before({ name }, ids) {
      given = ids;
      unrecorded[name]?.();
      kept = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")) as Kept;
    },
    rewrite(request) {
      const { who, request: whole } = kept;
      const bytes = whole.body_base64;
      // Bytes that are no text only have to be no SVG.
      const text = bytes === undefined ? request.body : Buffer.from(bytes, "base64").toString("latin1");
      const body = request.method === "GET" || text === "" ? null : text;
      const [, recorded = ""] = (request.headers["Authorization"] ?? "").split(" ");
      if (recorded === "") return { ...request, body };
      const session = (who === null ? undefined : sessionOf(who)) ?? given.get(recorded) ?? recorded;
      return { ...request, body, headers: { ...request.headers, Authorization: `Bearer ${session}` } };
    },
  },
  notAnswered,
);
