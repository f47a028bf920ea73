import { createClient, httpTransport } from "@botyard/client";
import { usage } from "../args/parse.ts";
import { readSecret } from "../args/secret.ts";
import type { Command } from "../command.ts";
import { loginFileOf, writeLogin } from "../service/login-file.ts";

const usualUrl = "http://127.0.0.1:8470";

export const command: Command = {
  summary: "Keep a service's address and a key for this user",
  description:
    "Commands use them where no service runs on the data directory and neither --url nor BOTYARD_URL names one. The key is asked for without echo and tried once.",
  arguments: [{ name: "url", required: false, summary: `Address of the service; default ${usualUrl}` }],
  flags: [{ name: "key", type: "string", hint: "env:NAME|file:PATH|-", summary: "The key; asked for otherwise" }],
  examples: ["login", "login https://bots.example.org --key env:BOTYARD_KEY"],
  async run({ positionals, strings }, session) {
    const { io, globals } = session;
    const given = positionals[0] ?? globals.url ?? (io.env["BOTYARD_URL"] || usualUrl);
    if (!URL.canParse(given)) throw usage("login expects an address like http://127.0.0.1:8470");
    const url = given.replace(/\/+$/, "");
    const named = strings.get("key")?.[0] ?? (io.env["BOTYARD_KEY"] ? "env:BOTYARD_KEY" : undefined);
    if (named === undefined && !io.interactive) throw usage("login: --key is missing", "--key env:NAME|file:PATH|-");
    const key = (
      named === undefined ? await io.askSecret(`  Key of ${url} (hidden): `) : await readSecret(named, "--key", io)
    ).trim();
    const me = await createClient(httpTransport({ url, key })).keys.whoami({}, { signal: io.signal });
    const file = loginFileOf(io.env);
    await writeLogin(file, { url, key });
    if (globals.json) session.json({ url, key: me.name, file });
    else io.out(`signed in  ${url} as ${me.name} · kept in ${file}, for this user only\n`);
    return 0;
  },
};
