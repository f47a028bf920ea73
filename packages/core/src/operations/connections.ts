import {
  type AnyPlatform,
  BotyardError,
  type Capability,
  type CapabilityView,
  type ImportKind,
  type ObjectSchema,
  type Step,
} from "@botyard/sdk";
import type * as v from "valibot";
import { allowsConnection, seesAll } from "../access/grants.ts";
import { checkReferences } from "../access/references.ts";
import { suggest } from "../config/suggest.ts";
import type { Core } from "../core.ts";
import { assertReach, noRoom } from "../invoke/reach.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import { parseInput } from "../invoke/validate.ts";
import { decodeAgain } from "../keeping/decode.ts";
import { putConnection, toTarget } from "../registry/registry.ts";
import type { ConnectionRecord, RecordPut } from "../store/types.ts";
import { toConnection } from "../supervise/states.ts";
import { pageOf } from "./page.ts";

function platformOf(core: Core, name: string): AnyPlatform {
  const all = [...core.platforms.values()];
  const found = all.find((platform) => platform.id === name || platform.namespace === name);
  if (found) return found;
  const names = all.map((platform) => platform.namespace);
  const near = suggest(name, names);
  throw new BotyardError(
    "unsupported",
    `there is no platform "${name}"${near ? `; did you mean ${near}?` : ""} Known: ${names.join(", ")}`,
  );
}

interface Imported {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly credentials: Readonly<Record<string, string>>;
  readonly url: string | null;
}

/** Files the operator already has, read by the platform. */
async function readImports(platform: AnyPlatform, files: Readonly<Record<string, string>>): Promise<Imported> {
  let merged: Imported = { settings: {}, credentials: {}, url: null };
  for (const [name, text] of Object.entries(files)) {
    const kind: ImportKind | undefined = platform.imports?.[name];
    if (!kind) {
      const known = Object.keys(platform.imports ?? {});
      throw new BotyardError(
        "unsupported_param",
        `${platform.title} reads no file called "${name}"${known.length > 0 ? `; it reads ${known.join(", ")}` : ""}`,
      );
    }
    const read = await kind.read(text);
    merged = {
      settings: { ...merged.settings, ...read.settings },
      credentials: { ...merged.credentials, ...read.credentials },
      url: read.url ?? merged.url,
    };
  }
  return merged;
}

function credentialPuts(
  core: Core,
  platform: AnyPlatform,
  connection: string,
  secrets: Readonly<Record<string, string>>,
): RecordPut[] {
  return Object.entries(secrets).flatMap(([kind, secret]) => {
    const declared = platform.credentials[kind];
    if (!declared || declared.holder !== "connection") {
      const known = Object.entries(platform.credentials).flatMap(([name, value]) =>
        value.holder === "connection" ? [name] : [],
      );
      throw new BotyardError(
        "invalid",
        `${platform.title} has no credential "${kind}" of a connection; it has ${known.join(", ") || "none"}`,
        {
          issues: [{ path: `credentials.${kind}`, expected: known.join(" | ") || "no credentials" }],
        },
      );
    }
    return [...core.vault.put(connection, { kind, secret, holder: "connection", of: null })];
  });
}

function parseSettings(platform: AnyPlatform, settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const known = Object.keys((platform.settings as ObjectSchema).entries);
  for (const name of Object.keys(settings)) {
    if (known.includes(name)) continue;
    const near = suggest(name, known);
    throw new BotyardError(
      "invalid",
      `${platform.title} has no setting "${name}"${near ? `; did you mean ${near}?` : `; it has ${known.join(", ") || "none"}`}`,
      {
        issues: [{ path: `settings.${name}`, expected: "no such field" }],
      },
    );
  }
  return parseInput(platform.settings as v.GenericSchema, settings, `settings of ${platform.title}`);
}

function shown(call: CallContext, record: ConnectionRecord, opened: readonly Step[]) {
  const { core } = call;
  if (opened.length > 0) call.reply.status = 202;
  return { ...toConnection(core, core.supervisor.live(record.id), record), opened: [...opened] };
}

function view(operation: string, capability: Capability): CapabilityView {
  const offered = capability.support === "none" ? null : (capability as Exclude<Capability, { support: "none" }>);
  const limits = offered && "limits" in offered ? offered.limits : undefined;
  return {
    operation,
    support: capability.support,
    actsAs: offered?.actsAs ?? null,
    reason: "reason" in capability ? capability.reason : null,
    detail: "detail" in capability ? capability.detail : null,
    remedy: "remedy" in capability ? (capability.remedy ?? null) : null,
    params: offered && "params" in offered && offered.params ? [...offered.params] : null,
    limits: Object.fromEntries(
      Object.entries(limits ?? {}).flatMap(([field, limit]) =>
        limit ? [[field, { max: limit.max, unit: limit.unit }]] : [],
      ),
    ),
    idempotency: offered && "idempotency" in offered && offered.idempotency ? offered.idempotency.kind : null,
  };
}

/** Longest that one call decodes; the rest is another call. */
const decodeMs = 10_000;

export const connections: CoreHandlers<"connections"> = {
  async "connections.list"(input, { core, principal }) {
    const seen = core.registry.list("connection").filter((record) => allowsConnection(principal.grant, record.id));
    return pageOf(
      seen,
      input,
      (record) => record.id,
      (record) => toConnection(core, core.supervisor.live(record.id), record),
    );
  },

  async "connections.get"({ connection }, { core }) {
    return toConnection(core, core.supervisor.live(connection), core.registry.connection(connection));
  },

  async "connections.create"(input, call) {
    const { core } = call;
    const platform = platformOf(core, input.platform);
    const imported = await readImports(platform, input.import ?? {});
    const id = input.id ?? platform.namespace;
    if (!allowsConnection(call.principal.grant, id))
      throw new BotyardError("forbidden", `key "${call.principal.name}" may not make a connection "${id}"`);
    const url = input.url ?? imported.url;
    if (platform.url === "required" && !url)
      throw new BotyardError("invalid", `${platform.title} needs the server's address`, {
        issues: [{ path: "url", expected: "an address like https://chat.example.org" }],
      });
    if (platform.url === "none" && url)
      throw new BotyardError("unsupported_param", `${platform.title} has no address`, {
        issues: [{ path: "url", expected: "no such field here" }],
      });
    const settings = parseSettings(platform, { ...imported.settings, ...input.settings });
    const secrets = { ...imported.credentials, ...input.credentials };
    checkReferences(call.principal, Object.values(secrets));
    for (const [kind, declared] of Object.entries(platform.credentials))
      // What a login gets comes after: it needs the connection.
      if (declared.required && !declared.login && declared.holder === "connection" && !(kind in secrets))
        throw new BotyardError(
          "invalid",
          `${platform.title} needs the credential "${kind}" (${declared.title})${declared.help ? `: ${declared.help}` : ""}`,
          {
            issues: [{ path: `credentials.${kind}`, expected: declared.title }],
          },
        );
    const record: ConnectionRecord = {
      id,
      platform: platform.id,
      url: url ? url.replace(/\/+$/, "") : null,
      ...(input.hooksUrl == null ? {} : { hooksUrl: input.hooksUrl.replace(/\/+$/, "") }),
      settings,
      createdAt: core.now(),
      probe: null,
      continuity: "unprovable",
    };
    if (core.registry.get("connection", id))
      throw new BotyardError(
        "conflict",
        `there is a connection "${id}" already; choose another with --id, or change it`,
        { fix: `botyard connections update ${id}` },
      );
    await core.registry.save([
      { kind: "connection", id, scope: id, value: record, absent: true },
      ...credentialPuts(core, platform, id, secrets),
    ]);
    const opened = await core.supervisor.open(id);
    const answer = shown(call, core.registry.connection(id), opened);
    if (call.reply.status === 200) call.reply.status = 201;
    call.reply.location = `/v1/connections/${id}`;
    return answer;
  },

  async "connections.update"(input, call) {
    const { core } = call;
    const record = core.registry.connection(input.connection);
    const platform = platformOf(core, record.platform);
    const imported = await readImports(platform, input.import ?? {});
    const secrets = { ...imported.credentials, ...input.credentials };
    checkReferences(call.principal, Object.values(secrets));
    const merged: Record<string, unknown> = { ...record.settings, ...imported.settings };
    for (const [name, value] of Object.entries(input.settings ?? {})) {
      if (value === null) delete merged[name];
      else merged[name] = value;
    }
    const url = input.url === undefined ? (imported.url ?? record.url) : input.url;
    const { hooksUrl: reached, ...kept } = record;
    const hooksUrl = input.hooksUrl === undefined ? reached : input.hooksUrl?.replace(/\/+$/, "");
    if (platform.url === "required" && !url)
      throw new BotyardError("invalid", `${platform.title} needs the server's address`, {
        issues: [{ path: "url", expected: "an address" }],
      });
    await core.registry.save([
      putConnection({
        ...kept,
        ...(hooksUrl === undefined ? {} : { hooksUrl }),
        url: url ? url.replace(/\/+$/, "") : null,
        settings: parseSettings(platform, merged),
      }),
      ...credentialPuts(core, platform, record.id, secrets),
    ]);
    const opened = await core.supervisor.open(record.id);
    return shown(call, core.registry.connection(record.id), opened);
  },

  async "connections.delete"({ connection }, { core }) {
    core.registry.connection(connection);
    await core.supervisor.close(connection);
    const bots = core.registry.bots(connection).map((bot) => bot.handle);
    const credentials = core.registry.list("credential", connection);
    const steps = core.registry.list("step", connection);
    await core.store.forgetConnection(connection);
    core.registry.forget(connection);
    return { forgotten: { bots, credentials: credentials.length, steps: steps.length } };
  },

  async "connections.probe"({ connection, level }, { core }) {
    const { report, steps } = await core.supervisor.probe(connection, level ?? "passive");
    return {
      server: { ...report.server },
      checks: [...report.checks],
      continuity: report.continuity,
      steps: [...steps],
    };
  },

  async "connections.decode"({ connection, from }, call) {
    const { next, ...counts } = await decodeAgain(call.core, connection, {
      after: from === undefined ? 0 : Number(from),
      until: call.core.clock.now() + decodeMs,
      signal: call.signal,
    });
    return { ...counts, ...(next === null ? {} : { next: String(next) }) };
  },

  async "connections.capabilities"({ connection, bot, room }, { core, principal }) {
    const { live, session } = await core.supervisor.session(connection);
    if (room !== undefined && !seesAll(principal.grant)) {
      const id = await session.resolveRoom(room, null);
      if (id === null) throw noRoom(connection, room);
      await assertReach(core, principal, core.registry.connection(connection), id, room);
    }
    const target = { bot: bot === undefined ? null : toTarget(core.registry.bot(connection, bot)), room: room ?? null };
    const here = (bot !== undefined || room !== undefined) && session.effective ? await session.effective(target) : {};
    const names = [...core.table.operations.values()].filter(
      (operation) =>
        operation.run === "platform" &&
        [null, live.platform.id].includes(core.table.descriptors.get(operation.name)?.platform ?? null),
    );
    return { items: names.map(({ name }) => view(name, here[name] ?? core.supervisor.capability(connection, name))) };
  },
};
