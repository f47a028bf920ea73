import { usage } from "../args/parse.ts";
import type { Command } from "../command.ts";
import { walkLogin } from "../login-dialogue.ts";

export const command: Command = {
  summary: "Get a credential by logging in: a dialogue, or a link a person opens",
  description:
    "Asks what the server asks, without echo where it is secret; what it gets is sealed, not the password. Programs use `credentials.login` of the API.",
  arguments: [
    { name: "connection", required: true, summary: "Id of the connection" },
    { name: "kind", required: true, summary: "Kind of the credential, as the platform declares it: owner-session" },
  ],
  flags: [
    { name: "account", type: "string", hint: "<name>", summary: "Your name of the account, for a person's account" },
  ],
  examples: ["credentials login home owner-session", "credentials login cloud app-password --account ops"],
  async run({ positionals, strings }, session) {
    const [connection, kind, extra] = positionals;
    const call = `${session.options.self} credentials login`;
    if (connection === undefined || kind === undefined)
      throw usage(`${call}: connection and kind are needed`, `${call} <connection> <kind>`);
    if (extra !== undefined) throw usage(`"${extra}" is one argument too many`);
    const account = strings.get("account")?.[0];
    const done = await walkLogin({ connection, kind, ...(account === undefined ? {} : { account }) }, session);
    if (session.globals.json) session.json(done);
    else session.io.out(`sealed  ${kind} of ${connection}${account === undefined ? "" : ` (${account})`}\n`);
    return 0;
  },
};
