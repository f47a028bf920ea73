import { BotyardError, type Check, isBotyardError, type Plugin, type PluginChange } from "@botyard/sdk";
import { isAdmin } from "../access/grants.ts";
import type { Core } from "../core.ts";
import type { CallContext, CoreHandlers } from "../invoke/context.ts";
import type { PluginInspection, PluginInstaller, StagedPlugin } from "../plugins/installer.ts";
import type { InstalledPlugin } from "../plugins/types.ts";
import { pageOf } from "./page.ts";

/** Code of others is brought in by who may do everything, and by nobody else. */
function installerOf({ core, principal, operation }: CallContext): PluginInstaller {
  if (operation.effect !== "read" && !isAdmin(principal.grant))
    throw new BotyardError(
      "forbidden",
      `key "${principal.name}" may not use ${operation.name}: plugins are code, and only keys that may do everything bring code in`,
      { fix: "a key of the preset admin" },
    );
  if (core.installer) return core.installer;
  throw new BotyardError(
    "unsupported",
    "plugins are kept in a data directory, and this Botyard has everything in memory",
    {
      fix: "botyard serve",
    },
  );
}

const connectionsOf = (core: Core, platform: string): string[] =>
  core.registry
    .list("connection")
    .filter((record) => record.platform === platform)
    .map(({ id }) => id);

function changeOf(core: Core, state: PluginChange["state"], inspection: PluginInspection): PluginChange {
  const { same: _, asks, changes, ...rest } = inspection;
  const connections = connectionsOf(core, inspection.id);
  return { state, ...rest, connections, asks: [...asks], changes: changes && [...changes] };
}

/** Installed now, whole; null where there is none or its files are broken. */
async function former(installer: PluginInstaller, id: string): Promise<InstalledPlugin | null> {
  return (await installer.installed()).plugins.find(({ manifest }) => manifest.id === id) ?? null;
}

/** Loads it; what fails says as well what became of what was there. */
async function load(core: Core, plugin: InstalledPlugin, before: InstalledPlugin | null): Promise<void> {
  try {
    await core.plugins.load(plugin);
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    const left = before ? `${before.manifest.id} ${before.version} stays as it was` : "Nothing was installed";
    throw new BotyardError(error.code, `${error.message}. ${left}`, error.details);
  }
}

/** Puts the new code in the place of the old, then writes it down; whatever fails leaves the old one running. */
async function changeOver(call: CallContext, installer: PluginInstaller, staged: StagedPlugin): Promise<void> {
  const { core } = call;
  const { id } = staged.inspection;
  const before = await former(installer, id);
  try {
    await load(core, await staged.place(), before);
    try {
      await staged.commit();
    } catch (error) {
      // What is not written down must not run on: after the next start it would be the old one again.
      await (before ? core.plugins.load(before) : core.plugins.unload(id)).catch((cause: unknown) =>
        core.logger.error("the plugin of before does not run again", { plugin: id, error: cause }),
      );
      throw error;
    }
  } catch (error) {
    await staged
      .discard()
      .catch((cause: unknown) => core.logger.warn("files of a plugin are left over", { plugin: id, cause }));
    throw error;
  }
  core.logger.info("plugin installed", {
    plugin: id,
    version: staged.inspection.version,
    source: staged.inspection.source,
  });
}

interface Wanted {
  readonly dryRun?: boolean | undefined;
  readonly integrity?: string | undefined;
  readonly downgrade?: boolean | undefined;
}

async function install(
  call: CallContext,
  wanted: Wanted,
  stage: (installer: PluginInstaller) => Promise<StagedPlugin>,
): Promise<PluginChange> {
  const installer = installerOf(call);
  return installer.exclusive(async () => {
    const staged = await stage(installer);
    const { inspection } = staged;
    const { id, version, from, integrity } = inspection;
    if (wanted.integrity !== undefined && wanted.integrity !== integrity)
      throw new BotyardError(
        "conflict",
        `${id} ${version} is no longer what was shown: it changed at its source. Nothing was installed`,
        {
          fix: "look at it again, then install it",
        },
      );
    const runs = call.core.plugins.list().find((one) => one.id === id);
    if (inspection.same && runs && runs.state !== "failed" && runs.state !== "quarantined")
      return changeOf(call.core, "unchanged", inspection);
    if (wanted.dryRun) return changeOf(call.core, "planned", inspection);
    if (inspection.downgrade && !wanted.downgrade)
      throw new BotyardError("conflict", `${id} ${from} is installed, and ${version} is older. Nothing was changed`, {
        fix: "the same with --downgrade",
      });
    await changeOver(call, installer, staged);
    if (from === null) call.reply.status = 201;
    return changeOf(call.core, from === null ? "installed" : "updated", inspection);
  });
}

async function find(
  installer: PluginInstaller,
  id: string,
): Promise<{ readonly source: string; readonly version: string }> {
  const locked = await installer.locked();
  const found = locked.find((one) => one.id === id);
  if (found) return found;
  throw new BotyardError(
    "not_found",
    `there is no plugin "${id}"${locked.length > 0 ? `; installed: ${locked.map((one) => one.id).join(", ")}` : ""}`,
    {
      fix: "botyard plugins list",
    },
  );
}

const says = (name: string, state: Check["state"], detail: string, fix?: string): Check => ({
  name,
  state,
  detail,
  ...(fix === undefined ? {} : { fix }),
});

async function newest(installer: PluginInstaller, id: string, call: CallContext): Promise<Check> {
  const { source } = await find(installer, id);
  if (!source.startsWith("npm:")) return says("newest", "info", `it came from ${source}, where no versions are listed`);
  try {
    const newer = await installer.newer(id, call.signal);
    if (newer === null) return says("newest", "ok", "there is no newer version");
    return says("newest", "info", `there is ${newer}`, `botyard plugins update ${id}`);
  } catch (error) {
    if (!isBotyardError(error)) throw error;
    return says("newest", "warn", error.message);
  }
}

export const plugins: CoreHandlers<"plugins"> = {
  async "plugins.list"(input, call) {
    const installer = installerOf(call);
    const running = new Map(call.core.plugins.list().map((status) => [status.id, status]));
    const { plugins: whole, broken } = await installer.installed();
    const locked = await installer.locked();
    const all = locked
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, version, source, integrity, trusted }): Plugin => {
        const status = running.get(id);
        const manifest = whole.find((one) => one.manifest.id === id)?.manifest;
        const reason = status?.reason ?? broken.find((one) => one.id === id)?.reason;
        return {
          id,
          version,
          source,
          integrity,
          namespace: manifest?.namespace ?? id,
          title: manifest?.description.title ?? id,
          contract: manifest?.contract ?? "?",
          process: status?.process ?? (trusted ? "in-process" : "child"),
          state: status?.state ?? "failed",
          ...(reason === undefined ? {} : { reason }),
          since: status?.since ?? null,
          crashes: status?.crashes ?? 0,
          restarts: status?.restarts ?? 0,
          connections: connectionsOf(call.core, id),
          ...(input.described && manifest ? { description: { ...manifest.description } } : {}),
        };
      });
    return pageOf(
      all,
      input,
      ({ id }) => id,
      (one) => one,
    );
  },

  async "plugins.add"({ source, trusted, frozen, ...wanted }, call) {
    return install(call, wanted, (installer) =>
      installer.stage(source, { trusted: trusted ?? null, frozen: frozen ?? false, signal: call.signal }),
    );
  },

  async "plugins.update"({ plugin, frozen, ...wanted }, call) {
    return install(call, wanted, async (installer) => {
      const { source } = await find(installer, plugin);
      const staged = await installer.stage(source, { trusted: null, frozen: frozen ?? false, signal: call.signal });
      if (staged.inspection.id === plugin) return staged;
      throw new BotyardError(
        "conflict",
        `${source} is the plugin ${staged.inspection.id} now, not ${plugin}. Nothing was changed`,
      );
    });
  },

  async "plugins.restore"(_, call) {
    const installer = installerOf(call);
    return installer.exclusive(async () => {
      const restored: { id: string; version: string }[] = [];
      for (const { id, version } of await installer.locked()) {
        if ((await installer.verify(id)) === null) continue;
        await changeOver(call, installer, await installer.stageLocked(id, call.signal));
        restored.push({ id, version });
      }
      return { restored };
    });
  },

  async "plugins.check"({ plugin }, call) {
    const installer = installerOf(call);
    const { version } = await find(installer, plugin);
    const status = call.core.plugins.list().find(({ id }) => id === plugin);
    const wrong = await installer.verify(plugin);
    const running = status?.state ?? "failed";
    return {
      id: plugin,
      version,
      checks: [
        wrong === null
          ? says("files", "ok", "as they were installed")
          : says("files", "fail", wrong, "botyard plugins add --frozen"),
        says(
          "process",
          running === "failed" || running === "quarantined" ? "fail" : "ok",
          [running, status?.reason ?? (running === "stopped" ? "no connection needs it now" : "")]
            .filter(Boolean)
            .join(": "),
        ),
        await newest(installer, plugin, call),
      ],
    };
  },

  async "plugins.remove"({ plugin, deleteData }, call) {
    const installer = installerOf(call);
    return installer.exclusive(async () => {
      const { version } = await find(installer, plugin);
      const own = connectionsOf(call.core, plugin);
      await installer.remove(plugin);
      await call.core.plugins.unload(plugin);
      const deleted: string[] = [];
      for (const connection of deleteData ? own : []) {
        await call.core.invoke(
          "connections.delete",
          { connection },
          { principal: call.principal, request: call.request },
        );
        deleted.push(connection);
      }
      call.core.logger.info("plugin removed", { plugin, version });
      return { id: plugin, version, kept: own.filter((id) => !deleted.includes(id)), deleted };
    });
  },
};
