import {
  type Acting,
  type AnyOperation,
  type AnyPlatform,
  BotyardError,
  isBotyardError,
  metaOf,
  type ObjectSchema,
  parseActor,
} from "@botyard/sdk";
import { allowsBot, allowsConnection, allowsOperation, allowsRoom, refuse, seesAll } from "../access/grants.ts";
import type { Core } from "../core.ts";
import { noPlatform } from "../platform-map.ts";
import { botId, toTarget } from "../registry/registry.ts";
import type { Principal } from "../runtime-types.ts";
import type { BotRecord } from "../store/types.ts";
import { blame } from "./blame.ts";
import type { Target } from "./context.ts";

type Input = Readonly<Record<string, unknown>>;

const textOf = (input: Input, name: string): string | null => (typeof input[name] === "string" ? input[name] : null);

/** The credential a bot or account acts with: the newest of a kind the platform declares for such a holder. */
function credentialOf(core: Core, platform: AnyPlatform, connection: string, holder: "bot" | "account", of: string) {
  for (const [kind, declared] of Object.entries(platform.credentials)) {
    if (declared.holder !== holder) continue;
    const found = core.vault.find(connection, holder === "bot" ? { kind, bot: of } : { kind, account: of });
    if (found) return found;
  }
  return null;
}

function actingBot(core: Core, platform: AnyPlatform, bot: BotRecord): Acting {
  if (bot.native.nativeId === null) {
    const step = core.registry
      .list("step", bot.connection)
      .find((open) => open.state === "open" && open.bot === bot.handle);
    throw new BotyardError(
      "operator_required",
      `${bot.connection}/${bot.handle} does not exist on the server yet${step ? `: ${step.title}` : ""}`,
      step ? { steps: [step.id], fix: `botyard steps get ${step.id} --reveal` } : {},
    );
  }
  if (!toTarget(bot).enabled)
    throw new BotyardError(
      "conflict",
      `${bot.connection}/${bot.handle} is disabled; it does not act until it is enabled`,
      { fix: `botyard bots enable ${bot.connection}/${bot.handle}` },
    );
  return {
    kind: "bot",
    id: bot.native.nativeId,
    handle: bot.handle,
    credential: credentialOf(core, platform, bot.connection, "bot", bot.handle),
  };
}

/** A bot by its handle; a key for certain bots does not hear which others there are. */
function managed(core: Core, principal: Principal, operation: string, connection: string, handle: string): BotRecord {
  const found = core.registry.get("bot", botId(connection, handle));
  if (found) return found;
  if (principal.grant.bots) throw refuse(principal, operation, `${connection}/${handle}`);
  return core.registry.bot(connection, handle);
}

/** Default: the only bot the caller may use. */
function defaultBot(core: Core, principal: Principal, connection: string): BotRecord {
  const usable = core.registry
    .bots(connection)
    .filter((bot) => allowsBot(principal.grant, connection, bot.handle) && toTarget(bot).enabled);
  const [only] = usable;
  if (only && usable.length === 1) return only;
  if (usable.length === 0)
    throw new BotyardError("invalid", `no bot of ${connection} may act for you: make one, or name who acts with "as"`, {
      issues: [{ path: "as", expected: "a bot's handle" }],
      fix: `botyard bots create ${connection}/helper`,
    });
  const handles = usable.slice(0, 10).map((bot) => bot.handle);
  throw new BotyardError("invalid", `several bots could act: say which with "as" (${handles.join(", ")})`, {
    issues: [{ path: "as", expected: `one of ${handles.join(", ")}` }],
  });
}

function resolveActing(
  core: Core,
  platform: AnyPlatform,
  principal: Principal,
  operation: string,
  connection: string,
  as: string | null,
): Acting {
  if (as === null) return actingBot(core, platform, defaultBot(core, principal, connection));
  const actor = parseActor(as);
  if (actor.kind === "bot") {
    if (!allowsBot(principal.grant, connection, actor.handle))
      throw refuse(principal, operation, `${connection} as ${actor.handle}`);
    return actingBot(core, platform, managed(core, principal, operation, connection, actor.handle));
  }
  // Somebody who is no managed bot is covered by no list of bots: it needs a grant of its own.
  if (principal.grant.bots || !allowsOperation(principal.grant, `act.${actor.kind}`))
    throw refuse(principal, `${operation} as ${actor.kind}`, connection);
  if (actor.kind === "user") {
    const managed = core.registry.botByNativeId(connection, actor.id);
    return managed ? actingBot(core, platform, managed) : { kind: "user", id: actor.id, credential: null };
  }
  const credential = credentialOf(core, platform, connection, "account", actor.name);
  if (!credential)
    throw new BotyardError("not_found", `no credential of an account "${actor.name}" is kept for ${connection}`, {
      fix: `botyard credentials import ${connection} <kind> --account ${actor.name} --secret -`,
    });
  return { kind: "account", id: actor.name, credential };
}

/**
 * Connection, bot, actor and room of an input, each checked against the grant. A room a limited key may not see and one
 * that does not exist answer alike.
 */
export async function resolveTarget(
  core: Core,
  operation: AnyOperation,
  principal: Principal,
  input: Input,
): Promise<Target | null> {
  const id = textOf(input, "connection");
  if (id === null || id === "-") return null;
  const { grant } = principal;
  if (!allowsConnection(grant, id)) throw refuse(principal, operation.name, id);
  const connection = seesAll(grant) ? core.registry.connection(id) : core.registry.get("connection", id);
  // What else there is, is said to those only who may see it.
  if (!connection) throw refuse(principal, operation.name, id);
  const platform = core.platforms.get(connection.platform);
  // What is kept of a connection can be looked at and forgotten without its plugin.
  if (!platform && operation.run === "platform") throw noPlatform(connection.platform);
  const entries = (operation.input as ObjectSchema).entries;

  let bot: BotRecord | null = null;
  const handle = "bot" in entries && metaOf(entries["bot"]).ref === "bot" ? textOf(input, "bot") : null;
  if (handle !== null) {
    if (!allowsBot(grant, id, handle)) throw refuse(principal, operation.name, `${id}/${handle}`);
    if (operation.run === "platform") bot = managed(core, principal, operation.name, id, handle);
  }

  let as: Acting | null = null;
  if ("as" in entries) {
    const wanted = textOf(input, "as");
    const capability = core.supervisor.capability(id, operation.name);
    const needed = capability.support !== "none" && "actsAs" in capability && capability.actsAs !== "admin";
    if (!platform) throw noPlatform(connection.platform);
    if (wanted !== null || needed) as = resolveActing(core, platform, principal, operation.name, id, wanted);
  }

  let room: string | null = null;
  const ref = "room" in entries && metaOf(entries["room"]).ref === "room" ? textOf(input, "room") : null;
  if (ref !== null) {
    if (operation.run === "platform") {
      const { session } = await core.supervisor.session(id);
      room = await session.resolveRoom(ref, as).catch((error: unknown) => {
        if (isBotyardError(error)) blame(core, id, { as }, error);
        throw error;
      });
      if (room === null && grant.rooms) throw refuse(principal, operation.name, `${id}/${ref}`);
      if (room === null)
        throw new BotyardError("not_found", `there is no room "${ref}" on ${id} that is visible here`, {
          fix: `botyard rooms list ${id}`,
        });
    } else room = ref;
    if (!allowsRoom(grant, id, room)) throw refuse(principal, operation.name, `${id}/${ref}`);
  } else if (grant.rooms && operation.effect !== "read" && operation.run === "platform") {
    // A key for certain rooms does nothing outside of rooms.
    throw refuse(principal, operation.name, id);
  }
  return { connection, bot, as, room };
}
