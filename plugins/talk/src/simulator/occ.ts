import { featureBits, featuresOf } from "../wire.ts";
import { addAttendee, cli, makeBot, makeRoom, userActor, type BotRow, type World } from "./model.ts";
import { announceBot, type Server } from "./push.ts";
import { tell } from "./rooms.ts";
import { userParameter } from "./show.ts";
import { parseWords, shellWords, type Parsed } from "./shell.ts";
import { currentDelay } from "./throttle.ts";

/** What a command says. */
export interface OccResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const said = (exit: number, text: string): OccResult => ({ exit, stdout: text === "" ? "" : `${text}\n`, stderr: "" });
const misused = (text: string): OccResult => ({ exit: 1, stdout: "", stderr: text });

const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

/** Labels are added, not combined: twice webhook is response. Unknown ones count nothing. */
function bitsOf(labels: readonly string[]): number {
  return labels.reduce((sum, label) => sum + (featureBits[label as keyof typeof featureBits] ?? 0), 0);
}

function install(world: World, { args, options }: Parsed): OccResult {
  const [name, secret, url, description = ""] = args;
  if (name === undefined || secret === undefined || url === undefined)
    return misused('Not enough arguments (missing: "secret, url").');
  if (bytes(name) < 1 || bytes(name) > 64)
    return said(1, "The provided name is too short or too long (min. 1 char, max. 64 chars)");
  if (bytes(secret) < 40 || bytes(secret) > 128)
    return said(1, "The provided secret is too short (min. 40 chars, max. 128 chars)");
  if (bytes(url) > 4000 || !/^(?:https?|nextcloudapp):\/\//.test(url))
    return said(1, "The provided URL is not a valid URL");
  if (bytes(description) > 4000) return said(1, "The provided description is too long (max. 4000 chars)");
  if (world.bots.some((bot) => bot.url === url)) return said(2, "Bot with the same URL is already registered");
  if (world.bots.some((bot) => bot.secret === secret)) return said(3, "Bot with the same secret is already registered");
  const labels = options.get("--feature") ?? [];
  const none = labels.length === 0 || bitsOf(labels) === 0;
  const features = url.startsWith("nextcloudapp:")
    ? featureBits.event
    : none
      ? featureBits.webhook + featureBits.response
      : bitsOf(labels);
  makeBot(world, { name, secret, url, description, features, state: options.has("--no-setup") ? 2 : 1 });
  return said(0, "Bot installed");
}

function list(world: World, { args, options }: Parsed): OccResult {
  const room = args[0] === undefined ? null : world.rooms.get(args[0]);
  const shown = world.bots.filter(({ id }) => room === null || (room?.bots.has(id) ?? false));
  const verbose = options.has("-v");
  const rows = shown.map((bot) => ({
    id: bot.id,
    name: bot.name,
    ...(verbose ? { url: bot.url, url_hash: bot.hash } : {}),
    description: bot.description,
    ...(verbose ? { secret: bot.secret } : {}),
    error_count: 0,
    ...(verbose ? { last_error_date: 0, last_error_message: null } : {}),
    state: bot.state,
    features: featuresOf(bot.features).join(", "),
  }));
  return said(0, JSON.stringify(rows, null, options.get("--output")?.[0] === "json" ? 0 : 4));
}

function state(world: World, { args, options }: Parsed): OccResult {
  const [id = "", wanted = ""] = args;
  const bot = world.bots.find((one) => String(one.id) === id);
  if (!["0", "1", "2"].includes(wanted)) return said(1, "Provided state is invalid");
  if (!bot) return said(1, `Bot could not be found by id: ${id}`);
  bot.state = Number(wanted);
  const labels = options.get("--feature");
  if (!labels) return said(0, `Bot state set to ${wanted}`);
  bot.features = bitsOf(labels);
  return said(0, `Bot state set to ${wanted} with features: ${featuresOf(bot.features).join(", ") || "none"}`);
}

async function setup(server: Server, { args }: Parsed): Promise<OccResult> {
  const { world } = server;
  const [id = "", ...tokens] = args;
  const bot = world.bots.find((one) => String(one.id) === id);
  if (!bot) return said(1, `Bot could not be found by id: ${id}`);
  let exit = 0;
  const lines: string[] = [];
  for (const token of tokens) {
    const room = world.rooms.get(token);
    if (!room) {
      exit = 2;
      lines.push(`Conversation could not be found by token: ${token}`);
    } else if (room.bots.has(bot.id)) {
      exit = 3;
      lines.push(`Bot is already set up for the conversation ${token}`);
    } else {
      room.bots.add(bot.id);
      await announceBot(server, room, bot, true);
      lines.push(`Successfully set up for conversation ${token}`);
    }
  }
  return said(exit, lines.join("\n"));
}

async function remove(server: Server, { args }: Parsed): Promise<OccResult> {
  const { world } = server;
  const [id = "", ...tokens] = args;
  const bot = world.bots.find((one) => String(one.id) === id);
  if (!bot) return said(1, `Bot could not be found by id: ${id}`);
  for (const token of tokens) {
    const room = world.rooms.get(token);
    if (!room) continue;
    room.bots.delete(bot.id);
    await announceBot(server, room, bot, false);
  }
  return said(0, "Remove bot from given conversations");
}

/** Tells nobody: no `Leave` is sent. Old messages show the name `bot-<hash>-bot`. */
function uninstall(world: World, { args, options }: Parsed): OccResult {
  const [id] = args;
  const [url] = options.get("--url") ?? [];
  if (id === undefined && url === undefined) return said(1, "URL is required when no ID is given");
  const found: BotRow | undefined = world.bots.find((bot) =>
    id === undefined ? bot.url === url : String(bot.id) === id,
  );
  if (!found) return said(1, "Bot not found");
  world.bots.splice(world.bots.indexOf(found), 1);
  for (const room of world.rooms.values()) room.bots.delete(found.id);
  return said(0, "Bot uninstalled");
}

function createRoom(world: World, { args, options }: Parsed): OccResult {
  const room = makeRoom(world, options.has("--public") ? 3 : 2, args[0] ?? "");
  room.description = options.get("--description")?.[0] ?? "";
  for (const id of options.get("--user") ?? []) {
    const user = world.users.get(id);
    if (user)
      addAttendee(
        world,
        room,
        userActor(user),
        options.get("--owner")?.[0] === id ? 1 : (options.get("--moderator") ?? []).includes(id) ? 2 : 3,
      );
  }
  return said(0, `Room token: ${room.token}\nRoom successfully created.`);
}

async function changeRoom(
  server: Server,
  { args, options }: Parsed,
  verb: "add" | "promote" | "remove",
): Promise<OccResult> {
  const { world } = server;
  const room = world.rooms.get(args[0] ?? "");
  if (!room) return said(1, "Room not found.");
  for (const id of [...(options.get("--user") ?? []), ...args.slice(1)]) {
    const user = world.users.get(id);
    if (!user) continue;
    const parameters = { user: userParameter(userActor(user)) };
    const found = room.attendees.find(({ actorType, actorId }) => actorType === "users" && actorId === id);
    if (verb === "add" && !found) {
      addAttendee(world, room, userActor(user), 3);
      await tell({ server, world }, room, cli, "user_added", parameters, "An administrator added {user}");
    } else if (verb === "promote" && found) {
      found.participantType = 2;
      await tell(
        { server, world },
        room,
        cli,
        "moderator_promoted",
        parameters,
        "An administrator promoted {user} to moderator",
      );
    } else if (verb === "remove" && found) {
      room.attendees.splice(room.attendees.indexOf(found), 1);
      await tell({ server, world }, room, cli, "user_removed", parameters, "An administrator removed {user}");
    }
  }
  const done = {
    add: "Users successfully added to room.",
    promote: "Participants successfully promoted to moderators.",
    remove: "Users successfully removed from room.",
  };
  return said(0, done[verb]);
}

/** Runs one command, given as words after `occ`. */
export async function runOcc(server: Server, words: readonly string[]): Promise<OccResult> {
  const { world } = server;
  const [command = "", ...rest] = words;
  const parsed = parseWords(rest);
  switch (command) {
    case "talk:bot:install":
      return install(world, parsed);
    case "talk:bot:list":
      return list(world, parsed);
    case "talk:bot:state":
      return state(world, parsed);
    case "talk:bot:setup":
      return setup(server, parsed);
    case "talk:bot:remove":
      return remove(server, parsed);
    case "talk:bot:uninstall":
      return uninstall(world, parsed);
    case "talk:room:create":
      return createRoom(world, parsed);
    case "talk:room:add":
      return changeRoom(server, parsed, "add");
    case "talk:room:promote":
      return changeRoom(server, parsed, "promote");
    case "talk:room:remove":
      return changeRoom(server, parsed, "remove");
    case "user:delete": {
      const id = parsed.args[0] ?? "";
      world.users.delete(id);
      for (const room of world.rooms.values())
        if (room.type === 1 && room.attendees.some(({ actorId }) => actorId === id)) room.type = 5;
      return said(0, "The specified user was deleted");
    }
    case "security:bruteforce:attempts":
      return said(
        0,
        `- bypass-listed: false\n  - attempts: ${world.attempts.length}\n  - delay: ${currentDelay(world)}`,
      );
    case "security:bruteforce:reset":
      world.attempts = [];
      world.roomAttempts = 0;
      return said(0, "");
    case "config:system:set":
      if (parsed.args[0] === "overwrite.cli.url") world.backend = parsed.options.get("--value")?.[0] ?? null;
      return said(0, "");
    default:
      return misused(`Command "${command}" is not defined.`);
  }
}

/** A pasted line: commands joined by `&&`, each with its prefix before the first word with a colon. */
export async function runLine(server: Server, line: string): Promise<OccResult> {
  let last: OccResult = said(0, "");
  for (const words of split(shellWords(line), "&&")) {
    const at = words.findIndex((word) => /^[a-z_]+:[a-z:-]+$/.test(word));
    last = await runOcc(server, words.slice(Math.max(0, at)));
    if (last.exit !== 0) return last;
  }
  return last;
}

function split(words: readonly string[], separator: string): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === separator) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}
