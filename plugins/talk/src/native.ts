import * as v from "valibot";
import { actAs, bot, connection, defineOperation, expected, NativeId, room, says, Secret, user } from "@botyard/sdk";

const feature = v.picklist(["webhook", "response", "event", "reaction"]);
const settable = v.picklist(["webhook", "response", "reaction"]);
const token = v.pipe(v.string(), v.regex(/^[a-z0-9]{4,30}$/, expected("a room token: 4 to 30 of a-z 0-9")));

/** What the server says a bot may do, and what it lacks. */
export const features = defineOperation({
  name: "talk.features",
  summary: "Show what the server lets a bot do",
  description: "Needs an administrator's app password.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/talk/bots/{bot}/features",
  input: v.strictObject({ connection, bot }),
  output: v.object({
    features: v.array(feature),
    state: v.picklist(["disabled", "enabled", "no-setup"]),
    missing: says("Needed to hear and to speak.", v.array(feature)),
    fix: says("The occ line that gives it all of them.", v.nullable(v.string())),
  }),
});

/** Asks the bot's own way, without an administrator. */
export const askFeatures = defineOperation({
  name: "talk.ask-features",
  summary: "Ask the server, as the bot, what it may do in a room",
  description: "Talk 25 and newer. A wrong secret is punished like any wrong signature.",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/talk/bots/{bot}/rooms/{room}/features",
  input: v.strictObject({ connection, bot, room }),
  output: v.object({ features: v.array(feature) }),
});

/** Writes a line for the server's machine; nothing is done. */
export const occLine = defineOperation({
  name: "talk.occ-line",
  summary: "Write an occ line for a bot",
  run: "platform",
  effect: "read",
  route: "POST /connections/{connection}/talk/bots/{bot}/occ-line",
  cli: { positionals: ["bot", "verb"], done: "{command}" },
  input: v.strictObject({
    connection,
    bot,
    verb: v.picklist(["uninstall", "state", "setup", "remove"]),
    rooms: v.optional(says("For `setup` and `remove`: room tokens.", v.array(token))),
    state: v.optional(v.picklist(["disabled", "enabled", "no-setup"])),
    features: v.optional(v.array(settable)),
  }),
  output: v.object({ command: v.string() }),
});

/** A step that switches the bot on or off on the server itself. */
export const setState = defineOperation({
  name: "talk.set-state",
  summary: "Switch a bot on or off on the server, or change what it may do",
  description: "Opens a step with the occ line. `bots disable` works at once and needs no step.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/talk/bots/{bot}/state",
  cli: { positionals: ["bot", "state"], done: "{command}" },
  input: v.strictObject({
    connection,
    bot,
    state: v.picklist(["disabled", "enabled", "no-setup"]),
    features: v.optional(v.array(settable)),
  }),
  output: v.object({ command: v.string() }),
});

/** Replaces the secret in the way that is asked for. */
export const rotate = defineOperation({
  name: "talk.rotate",
  summary: "Replace a bot's secret, keeping its identity or without a gap",
  description:
    "`keep-identity`: uninstall and install in one line; same author, rooms are set up again, messages in between are missed. `no-gap`: a second installation under a new URL, rooms set up, then the old one is uninstalled; a new author, nothing is missed.",
  run: "platform",
  effect: "write",
  destructive: true,
  route: "POST /connections/{connection}/talk/bots/{bot}/rotate",
  cli: { positionals: ["bot", "strategy"], done: "opened  {kind}" },
  input: v.strictObject({ connection, bot, strategy: v.picklist(["keep-identity", "no-gap"]) }),
  output: v.object({ kind: says("Kind of the step that was opened.", v.string()) }),
});

/** Sends a signed call that changes nothing. */
export const checkSignature = defineOperation({
  name: "talk.check-signature",
  summary: "Try whether the server takes a bot's signature in a room",
  description:
    "Removes a reaction that cannot be there: 404 says the signature is right. A wrong one counts against this address for 12 hours, so that bot calls stop until it is mended.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/talk/bots/{bot}/rooms/{room}/check-signature",
  cli: { positionals: ["room", "bot"], done: "accepted  {accepted}" },
  input: v.strictObject({ connection, bot, room }),
  output: v.object({ accepted: v.boolean(), throttledMs: v.number() }),
});

/** For whoever writes a receiver of their own. */
export const verifyWebhook = defineOperation({
  name: "talk.verify-webhook",
  summary: "Check the signature of a webhook",
  run: "tool",
  effect: "read",
  route: "POST /talk/verify-webhook",
  cli: { done: "valid  {valid}" },
  input: v.strictObject({
    secret: Secret,
    random: says("`X-Nextcloud-Talk-Random`.", v.pipe(v.string(), v.maxLength(512))),
    signature: says("`X-Nextcloud-Talk-Signature`.", v.pipe(v.string(), v.maxLength(512))),
    body: says("The body as it came, byte by byte.", v.pipe(v.string(), v.maxLength(4_194_304))),
  }),
  output: v.object({ valid: v.boolean() }),
});

/** What the server does to calls from this address. */
export const throttle = defineOperation({
  name: "talk.throttle",
  summary: "Show whether the server slows or blocks this address",
  run: "platform",
  effect: "read",
  route: "GET /connections/{connection}/talk/throttle",
  input: v.strictObject({ connection }),
  output: v.object({
    delayMs: v.number(),
    stopped: says("Why Botyard sends nothing as a bot; null while it does.", v.nullable(v.string())),
    fix: v.nullable(v.string()),
  }),
});

/** Sends again after a stop. */
export const resume = defineOperation({
  name: "talk.resume",
  summary: "Let bots send again after the cause of a 401 is mended",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/talk/resume",
  input: v.strictObject({ connection }),
  output: v.object({ resumed: says("False where nothing was stopped.", v.boolean()) }),
});

/** Gives or takes the moderator's rights of a room. */
export const setModerator = defineOperation({
  name: "talk.set-moderator",
  summary: "Make a member of a room its moderator, or no longer",
  description: "As a person's account that moderates the room.",
  run: "platform",
  effect: "write",
  route: "POST /connections/{connection}/talk/rooms/{room}/members/{user}/moderator",
  cli: { positionals: ["room", "user"] },
  input: v.strictObject({ connection, room, user, moderator: v.optional(v.boolean(), true), as: actAs }),
  output: v.object({ user: v.string(), moderator: v.boolean() }),
});

/** Any call of Nextcloud's OCS interface. */
export const request = defineOperation({
  name: "talk.request",
  summary: "Make any OCS call, as an account or signed by a bot",
  description:
    "As a bot, `sign` is what Talk wants signed: the message text, the emoji. Anything else answers 401 and stops sending.",
  run: "platform",
  effect: "send",
  route: "POST /connections/{connection}/talk/request",
  cli: { positionals: ["method", "path"] },
  input: v.strictObject({
    connection,
    method: v.picklist(["GET", "POST", "PUT", "DELETE"]),
    path: says(
      "Below `/ocs/v2.php`, percent-encoded: `/apps/spreed/api/v1/bot/abcd1234/message`.",
      v.pipe(NativeId, v.regex(/^\/(?!\/)[^?#\s\\]*$/, expected("a path that begins with one slash"))),
    ),
    query: v.optional(v.record(v.string(), v.string())),
    body: v.optional(v.record(v.string(), v.unknown())),
    sign: v.optional(v.pipe(v.string(), v.maxLength(100_000))),
    as: actAs,
  }),
  output: v.object({ status: v.number(), data: v.unknown() }),
});
