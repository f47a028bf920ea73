import * as v from "valibot";
import { connection, defineOperation, expected, says } from "@botyard/sdk";
import { checkServerName } from "../ids.ts";

const localpart = v.pipe(v.string(), v.regex(/^[a-z0-9._-]{1,200}$/, expected("a name of a-z 0-9 . _ -")));
const pattern = v.pipe(v.string(), v.minLength(1), v.maxLength(500));

/** Writes the file that makes a homeserver know us. Its tokens are new in each answer. */
export const registration = defineOperation({
  name: "matrix.registration",
  summary: "Make a registration file for a homeserver",
  description:
    "For Synapse: add its path to `app_service_config_files` and restart. Then `botyard connect matrix <url> --registration <file>`. The file holds both tokens: keep it like a password.",
  run: "tool",
  effect: "read",
  secretOutput: true,
  route: "POST /matrix/registration",
  cli: { print: "yaml" },
  input: v.strictObject({
    server: says(
      "Server name of the homeserver: the part after the colon of its user ids.",
      v.pipe(
        v.string(),
        v.check((name) => checkServerName(name) === undefined, expected("a server name like hs.example.org")),
      ),
    ),
    url: says(
      "Where the homeserver reaches Botyard: `http://127.0.0.1:8471/hooks/matrix`.",
      v.pipe(v.string(), v.url(expected("an address")), v.maxLength(2000)),
    ),
    bot: v.optional(says("Localpart of the sender, the bridge bot; default `botyard`.", localpart)),
    users: v.optional(
      says(
        "Regular expressions of ghosts' localparts: `_remote_.*`; default: the sender's name, an underscore and anything.",
        v.array(pattern),
      ),
    ),
    aliases: v.optional(says("The same for room aliases: `_remote_.*`.", v.array(pattern))),
    id: v.optional(
      says(
        "Name of the application service on its homeserver; default: the sender's name.",
        v.pipe(v.string(), v.regex(/^[^|]{1,200}$/, expected("a name without |"))),
      ),
    ),
  }),
  output: v.object({ id: v.string(), yaml: says("The file, with both tokens.", v.string()) }),
  errors: ["invalid"],
});

/** New tokens for a registration that a homeserver has already. */
export const rotateTokens = defineOperation({
  name: "matrix.rotate-tokens",
  summary: "Make new tokens for a registration the homeserver has",
  description:
    "Answers the file with the new tokens and opens a step: give it to the homeserver in place of the old one and restart that. Until then the old tokens stay in use. Nothing is lost meanwhile.",
  run: "platform",
  effect: "write",
  secretOutput: true,
  route: "POST /connections/{connection}/matrix/rotate-tokens",
  cli: { print: "yaml" },
  input: v.strictObject({ connection }),
  output: v.object({ id: v.string(), yaml: says("The file, with both new tokens.", v.string()) }),
});
