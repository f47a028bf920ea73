import { addBot, destroyBot, liveBots } from "./bots.ts";
import type { Context } from "./context.ts";
import { Refusal, findBot, type UserRow } from "./model.ts";

/** Words of a shell line; `'…'` and `"…"` hold spaces, `'\''` a single quote. */
function words(line: string): string[] {
  const found: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const char = line.charAt(at);
    if (quote !== null) {
      if (char === quote) quote = null;
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === "\\") {
      at += 1;
      word = (word ?? "") + line.charAt(at);
    } else if (/\s/.test(char)) {
      if (word !== null) found.push(word);
      word = null;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== null) throw new Refusal(400, "open_quote", "a quotation is not closed");
  if (word !== null) found.push(word);
  return found;
}

/**
 * What a person types on the server's machine; several commands are joined by `&&`.
 *
 * - `sandbox bot:install <name> <secret> <hook url> [display name] [description]`
 * - `sandbox bot:uninstall <id>`
 * - `sandbox bot:state <id> <0|1>`
 * - `sandbox bot:list`
 */
export function operate(context: Context, line: string): string {
  const output: string[] = [];
  const command: string[] = [];
  for (const word of [...words(line), "&&"]) {
    if (word !== "&&") command.push(word);
    else if (command.length > 0) output.push(run(context, command.splice(0)));
  }
  if (output.length === 0) throw new Refusal(400, "no_command", "there is no command in the line");
  return output.join("\n");
}

function run(context: Context, [program, name, ...args]: readonly string[]): string {
  if (program !== "sandbox") throw new Refusal(400, "no_command", "every command begins with `sandbox`");
  switch (name) {
    case "bot:install":
      return install(context, args);
    case "bot:uninstall":
      destroyBot(context, findBot(context.model, args[0] ?? "").id, operator(context));
      return "Bot uninstalled";
    case "bot:state": {
      if (args[1] !== "0" && args[1] !== "1") throw new Refusal(400, "no_state", "the state is 0 or 1");
      findBot(context.model, args[0] ?? "").bot.active = args[1] === "1";
      return `Bot set to ${args[1]}`;
    }
    case "bot:list":
      return liveBots(context.model)
        .map(({ id, name, bot }) => `${id} ${name} ${bot.active ? "active" : "inactive"}`)
        .join("\n");
    default:
      throw new Refusal(400, "no_command", "there is no such command: bot:install, bot:uninstall, bot:state, bot:list");
  }
}

function install(context: Context, [name, secret, hookUrl, fullName, about]: readonly string[]): string {
  const { model } = context;
  if (!name || !secret || !hookUrl)
    throw new Refusal(400, "no_argument", "bot:install takes a name, a secret and a URL");
  if (secret.length < 16) throw new Refusal(400, "short_secret", "the secret has at least 16 characters");
  if (liveBots(model).some(({ bot }) => bot.hookUrl === hookUrl)) {
    throw new Refusal(409, "installed_already", "a bot with this URL is installed already");
  }
  const owner = operator(context).id;
  const { id } = addBot(model, {
    name,
    fullName: fullName || null,
    about: about || null,
    owner,
    hookUrl,
    token: secret,
  });
  return `Bot installed\nID: ${id}`;
}

function operator({ model }: Context): UserRow {
  const user = model.users.get("ops-admin") ?? [...model.users.values()].find(({ bot }) => !bot);
  if (!user) throw new Refusal(403, "no_owner", "the server has no people");
  return user;
}
