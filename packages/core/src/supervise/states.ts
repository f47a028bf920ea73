import type { Bot, Connection, Credential, State } from "@botyard/sdk";
import type { Core } from "../core.ts";
import { noPlatform } from "../platform-map.ts";
import type { Registry } from "../registry/registry.ts";
import type { BotRecord, ConnectionRecord, CredentialRecord, StepRecord } from "../store/types.ts";
import { capabilityOf, type Live, stateOf } from "./live.ts";

type World = Pick<Core, "registry" | "platforms">;

/** Of a connection that nobody opened here: also why nobody can. */
function closedState({ platforms }: World, { platform, createdAt }: ConnectionRecord): State {
  if (platforms.has(platform)) return stateOf("closed", createdAt, "not open in this process");
  const { message, details } = noPlatform(platform);
  return stateOf("closed", createdAt, message, details.instead);
}

function openSteps(registry: Registry, connection: string, bot?: string | null): readonly StepRecord[] {
  const steps = registry.list("step", connection);
  return steps.length === 0
    ? steps
    : steps.filter((step) => step.state === "open" && (bot === undefined || step.bot === bot));
}

/** What a bot whose credential is refused needs; a server that issues none renews by rotation. */
function renewal(live: Live, record: Pick<BotRecord, "connection" | "handle">): string {
  const verb = capabilityOf(live, "credentials.issue").support === "none" ? "rotate" : "issue";
  return `botyard credentials ${verb} ${record.connection}/${record.handle}`;
}

/** Why a bot's credential counts as refused: by a call, or by what it receives; undefined while it works. */
function refusalOf(live: Live | undefined, record: Pick<BotRecord, "connection" | "handle">): State | undefined {
  const found = [live?.bots.get(record.handle), live?.receiving.get(record.handle)].find(
    (state) => state?.state === "auth_required",
  );
  return live && found ? { ...found, remedy: found.remedy ?? renewal(live, record) } : undefined;
}

/** A bot's state: held or switched off, waiting for a step, what was reported, else the connection's. */
function botState(world: World, live: Live | undefined, record: BotRecord): State {
  const { registry } = world;
  if (record.held) return stateOf("disabled", record.createdAt, "disabled by Botyard: it neither acts nor receives");
  const waiting = openSteps(registry, record.connection, record.handle)[0];
  if (waiting && record.native.nativeId === null)
    return stateOf("awaiting_operator", waiting.createdAt, waiting.title, `botyard steps get ${waiting.id}`);
  if (!record.native.enabled)
    return disabledBehind(live, record) ?? stateOf("disabled", record.createdAt, "disabled on the server");
  const refused = refusalOf(live, record);
  if (refused) return refused;
  const reported = live?.bots.get(record.handle);
  if (reported && reported.state !== "ready") return reported;
  const receiving = live?.receiving.get(record.handle);
  if (receiving) return receiving;
  if (!live) return closedState(world, registry.connection(record.connection));
  return live.condition.state === "ready" ? (reported ?? stateOf("ready", live.condition.since)) : live.condition;
}

/** What the server did to a bot without being asked by us: its owner was deactivated, somebody switched it off there. */
function disabledBehind(live: Live | undefined, record: BotRecord): State | undefined {
  const reported = live?.bots.get(record.handle);
  return !record.held && reported?.state === "disabled" ? reported : undefined;
}

/** Bots of which something was reported that is not well: the others, often thousands, need no look. */
function troubledBots(registry: Registry, live: Live, connection: string): readonly BotRecord[] {
  const handles = new Set<string>();
  for (const reports of [live.bots, live.receiving])
    for (const [handle, { state }] of reports) if (handle !== "" && state !== "ready") handles.add(handle);
  return [...handles].toSorted().flatMap((handle) => registry.get("bot", `${connection}/${handle}`) ?? []);
}

/** Derived: the worst of what was probed, what is received and what its bots need. */
export function connectionState(world: World, live: Live | undefined, record: ConnectionRecord): State {
  const { registry } = world;
  if (!live) return closedState(world, record);
  if (live.condition.state !== "ready") return live.condition;
  const down = live.receiving.get("");
  if (down) return down.state === "auth_required" ? down : { ...down, state: "degraded" };
  const [outage] = live.outages.values();
  if (outage) return outage;
  const waiting = openSteps(registry, record.id, null)[0];
  if (waiting) return stateOf("awaiting_operator", waiting.createdAt, waiting.title, `botyard steps get ${waiting.id}`);
  const troubled = troubledBots(registry, live, record.id);
  for (const bot of troubled) {
    const state = botState(world, live, bot);
    if (state.state === "auth_required" || state.state === "failed")
      return stateOf("degraded", state.since, `${bot.handle}: ${state.reason ?? state.state}`, state.remedy);
  }
  const off = troubled.flatMap((bot) => {
    const state = disabledBehind(live, bot);
    return state ? [{ handle: bot.handle, state }] : [];
  });
  const [first] = off;
  if (first) {
    // One cause often takes several bots with it: named once, with all of them.
    const { reason = "disabled on the server", since, remedy } = first.state;
    const same = off.filter((one) => one.state.reason === first.state.reason).map((one) => one.handle);
    return stateOf("degraded", since, `${same.join(", ")}: ${reason}`, remedy);
  }
  const [of, silent] = [...live.receiving][0] ?? [];
  if (silent) return { ...silent, state: "degraded", reason: `${of}: ${silent.reason ?? silent.state}` };
  const [ending] = live.expiring.values();
  // It works; what will end it is named already.
  if (ending) return { ...ending, state: "ready", since: live.condition.since };
  return live.condition;
}

export function toConnection(world: World, live: Live | undefined, record: ConnectionRecord): Connection {
  const { registry } = world;
  const bots = registry.bots(record.id);
  return {
    id: record.id,
    platform: record.platform,
    url: record.url,
    ...(record.hooksUrl === undefined ? {} : { hooksUrl: record.hooksUrl }),
    settings: { ...record.settings },
    ...connectionState(world, live, record),
    continuity: record.continuity,
    ...(record.probe ? { server: { ...record.probe.server } } : {}),
    provenAliveAt: live?.provenAliveAt ?? null,
    provenEveryMs: live?.session?.receive?.prove?.everyMs ?? null,
    lastEventAt: live?.lastEventAt ?? null,
    bots: { ready: bots.filter((bot) => botState(world, live, bot).state === "ready").length, total: bots.length },
    gaps: registry.list("gap", record.id).filter((gap) => gap.state === "open").length,
    steps: openSteps(registry, record.id).map((step) => step.id),
    checks: [...(live?.checks ?? record.probe?.checks ?? [])],
  };
}

export function toBot(world: World, live: Live | undefined, record: BotRecord): Bot {
  const { registry } = world;
  return {
    connection: record.connection,
    handle: record.handle,
    ...record.native,
    enabled: record.native.enabled && !record.held,
    managed: true,
    ...botState(world, live, record),
    credentials: registry
      .list("credential", record.connection)
      .filter((credential) => credential.of === record.handle)
      .map((credential) => credential.kind),
    steps: openSteps(registry, record.connection, record.handle).map((step) => step.id),
  };
}

export function toCredential(live: Live | undefined, record: CredentialRecord): Credential {
  const { sealed: _, createdAt, ...shown } = record;
  const refused =
    record.holder === "bot" && record.of !== null
      ? refusalOf(live, { connection: record.connection, handle: record.of })
      : undefined;
  return {
    ...shown,
    ...(live?.credentials.get(record.id) ?? refused ?? live?.expiring.get(record.id) ?? stateOf("ready", createdAt)),
  };
}
