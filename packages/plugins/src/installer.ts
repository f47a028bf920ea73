import { createHash, randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import type {
  BrokenPlugin,
  InstalledPlugin,
  LockedPlugin,
  PluginInstaller,
  StagedPlugin,
  StageOptions,
} from "@botyard/core";
import { BotyardError, isBotyardError } from "@botyard/sdk";
import { lt } from "semver";
import { asksOf, changesOf } from "./asks.ts";
import { type Disk, names, onDisk, systemDisk, take } from "./disk.ts";
import { type Fetched, fetchSource } from "./fetch-source.ts";
import { type Files, integrityOfFiles } from "./integrity.ts";
import { type LockEntry, lockFileOf, readLock, writeLock } from "./lock-file.ts";
import { createNpm, registryOf } from "./npm.ts";
import { type PluginPackage, readPackage } from "./package-json.ts";
import { readFolder } from "./read-folder.ts";
import { formatSource, parseSource, type Source } from "./source.ts";

export interface InstallerOptions {
  /** The data directory. */
  readonly directory: string;
  /** Words no plugin may be called, with what they are: `mattermost` → `a platform of this binary`. */
  readonly reserved: ReadonlyMap<string, string>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly disk?: Disk;
}

interface Whole extends InstalledPlugin {
  readonly manifest: PluginPackage["manifest"];
}

/** Plugins on the disk of one data directory. */
export function createInstaller(options: InstallerOptions): PluginInstaller {
  const { directory, reserved, env = process.env, disk = systemDisk } = options;
  const root = join(directory, "plugins");
  const staging = join(root, ".staging");
  const npm = (): ReturnType<typeof createNpm> => createNpm(registryOf(env));
  let last: Promise<unknown> = Promise.resolve();

  const toInstalled = (entry: LockEntry, { manifest }: Pick<PluginPackage, "manifest">): Whole => {
    const folder = join(root, entry.folder);
    const { version, trusted, source, integrity } = entry;
    return { manifest, version, folder, entryFile: join(folder, manifest.entry), trusted, source, integrity };
  };

  /** Reads what is on the disk, or says why it is not what was installed. */
  async function whole(id: string, entry: LockEntry): Promise<Whole | string> {
    try {
      const files = await readFolder(join(root, entry.folder));
      if (integrityOfFiles(files) !== entry.files) return "its files are not those that were installed";
      const found = readPackage(files);
      return found.manifest.id === id ? toInstalled(entry, found) : "its folder holds another plugin";
    } catch (error) {
      if (!isBotyardError(error)) throw error;
      return error.code === "not_found"
        ? "its files are gone"
        : error.message.replace(/\.? Nothing was installed$/, "");
    }
  }

  async function known(id: string): Promise<LockEntry> {
    const locked = await readLock(directory);
    const entry = Object.hasOwn(locked, id) ? locked[id] : undefined;
    if (entry) return entry;
    const all = Object.keys(locked);
    throw new BotyardError(
      "not_found",
      `there is no plugin "${id}"${all.length > 0 ? `; installed: ${all.join(", ")}` : ""}`,
      {
        fix: "botyard plugins list",
      },
    );
  }

  /** Two of one id or namespace could not be told apart. */
  async function refuseTaken({ manifest: { id, namespace } }: PluginPackage): Promise<void> {
    for (const word of new Set([id, namespace])) {
      const what = reserved.get(word);
      if (what !== undefined)
        throw new BotyardError(
          "conflict",
          `a plugin cannot be called "${word}": that is ${what}. Nothing was installed`,
        );
    }
    for (const [other, entry] of Object.entries(await readLock(directory))) {
      if (other === id) continue;
      const found = await whole(other, entry);
      const taken = new Set([other, ...(typeof found === "string" ? [] : [found.manifest.namespace])]);
      const word = [id, namespace].find((one) => taken.has(one));
      if (word !== undefined)
        throw new BotyardError(
          "conflict",
          `"${word}" is taken by the installed plugin ${other}. Nothing was installed`,
          {
            fix: `botyard plugins remove ${other}`,
          },
        );
    }
  }

  async function writeFiles(files: Files, folder: string): Promise<void> {
    await onDisk(folder, async () => {
      const made = new Set<string>();
      for (const [path, bytes] of files) {
        const target = join(folder, path);
        const parent = dirname(target);
        if (!made.has(parent)) {
          await disk.folder(parent);
          made.add(parent);
        }
        await disk.write(target, bytes);
      }
    });
  }

  async function stage(source: Source, { trusted: asked, frozen, signal }: StageOptions): Promise<StagedPlugin> {
    const fetched = await fetchSource(source, npm, signal);
    const found = readPackage(fetched.files);
    const { id } = found.manifest;
    await refuseTaken(found);
    const locked = await readLock(directory);
    const before = Object.hasOwn(locked, id) ? locked[id] : undefined;
    const trusted = asked ?? before?.trusted ?? false;
    const entry = entryOf(found, fetched, source, trusted);
    const same = before !== undefined && sameEntry(before, entry);
    if (frozen && !same)
      throw new BotyardError(
        "conflict",
        `${id} ${found.version} from there is not what plugins.lock.json says${before ? ` (${before.version})` : " (it is not in it)"}, and --frozen was asked for. Nothing was installed`,
        { fix: "the same without --frozen" },
      );
    const old = before && (await whole(id, before));
    const former = old === undefined || typeof old === "string" ? null : old;
    return staged(found, entry, fetched, {
      from: before?.version ?? null,
      same: same && former !== null,
      changes: former && changesOf(former, { manifest: found.manifest, trusted }),
    });
  }

  function staged(
    found: PluginPackage,
    entry: LockEntry,
    { files, deprecated }: Fetched,
    compared: { readonly from: string | null; readonly same: boolean; readonly changes: readonly string[] | null },
  ): StagedPlugin {
    const { id, namespace, title, contract } = found.manifest;
    const final = join(root, entry.folder);
    let [placed, committed] = [false, false];
    const isCurrent = async (): Promise<boolean> => (await readLock(directory))[id]?.folder === entry.folder;
    return {
      inspection: {
        id,
        namespace,
        title,
        contract,
        version: found.version,
        package: found.name,
        source: entry.source,
        integrity: entry.integrity,
        trusted: entry.trusted,
        from: compared.from,
        downgrade: compared.from !== null && lt(found.version, compared.from),
        same: compared.same,
        asks: asksOf(found.manifest, entry.trusted, deprecated),
        changes: compared.changes,
      },
      async place() {
        const plugin = toInstalled(entry, found);
        // The same files are there already, whole: what runs from them is left alone.
        if (placed || ((await isCurrent()) && typeof (await whole(id, entry)) !== "string")) return plugin;
        const temporary = join(staging, randomUUID());
        try {
          await writeFiles(files, temporary);
          await onDisk(final, async () => {
            await disk.folder(dirname(final));
            await take(final);
            await disk.move(temporary, final);
          });
        } finally {
          await take(temporary).catch(() => undefined);
        }
        placed = true;
        return plugin;
      },
      async commit() {
        const locked = await readLock(directory);
        await writeLock(directory, { ...locked, [id]: entry }, disk);
        committed = true;
        await tidy().catch(() => undefined);
      },
      async discard() {
        if (placed && !committed && !(await isCurrent())) await take(final);
      },
    };
  }

  /** Takes away what the lock file does not name: versions of before, and what a crash left. */
  async function tidy(): Promise<void> {
    const locked = await readLock(directory);
    const wanted = new Set(Object.values(locked).map(({ folder }) => folder));
    for (const id of await names(root)) {
      const folders = id === ".staging" ? [] : await names(join(root, id));
      for (const name of folders) if (!wanted.has(`${id}/${name}`)) await take(join(root, id, name));
      if (!Object.hasOwn(locked, id)) await take(join(root, id));
    }
  }

  return {
    async installed() {
      const plugins: InstalledPlugin[] = [];
      const broken: BrokenPlugin[] = [];
      for (const [id, entry] of Object.entries(await readLock(directory))) {
        const found = await whole(id, entry);
        if (typeof found === "string") broken.push({ id, version: entry.version, reason: found });
        else plugins.push(found);
      }
      return { plugins, broken };
    },
    async locked() {
      return Object.entries(await readLock(directory)).map(([id, entry]): LockedPlugin => {
        const { version, source, integrity, trusted } = entry;
        return { id, version, source, integrity, trusted };
      });
    },
    exclusive(work) {
      const next = last.then(work, work);
      last = next.catch(() => undefined);
      return next;
    },
    stage: (source, how) => stage(parseSource(source, null), how),
    async stageLocked(id, signal) {
      const entry = await known(id);
      const source = parseSource(entry.source, null);
      // Not what the range gives today: what it gave then.
      const exact: Source = source.kind === "npm" ? { ...source, range: entry.version } : source;
      const fetched = await fetchSource(exact, npm, signal);
      if (fetched.integrity !== entry.integrity)
        throw new BotyardError(
          "conflict",
          `what lies at ${entry.source} now is not the ${id} ${entry.version} of ${lockFileOf(directory)}. Nothing was installed`,
          { fix: `botyard plugins add ${entry.source}` },
        );
      const found = readPackage(fetched.files);
      return staged(found, entry, fetched, { from: entry.version, same: false, changes: null });
    },
    async verify(id) {
      const found = await whole(id, await known(id));
      return typeof found === "string" ? found : null;
    },
    async newer(id, signal) {
      const entry = await known(id);
      const source = parseSource(entry.source, null);
      if (source.kind === "path") return null;
      const { version } = await npm().resolve(source.name, source.range, signal);
      return lt(entry.version, version) ? version : null;
    },
    async remove(id) {
      const { version, source, integrity, trusted } = await known(id);
      const { [id]: _, ...rest } = await readLock(directory);
      await writeLock(directory, rest, disk);
      await tidy().catch(() => undefined);
      return { id, version, source, integrity, trusted };
    },
  };
}

function entryOf(found: PluginPackage, { files, integrity }: Fetched, source: Source, trusted: boolean): LockEntry {
  const own = integrityOfFiles(files);
  const short = createHash("sha256").update(own).digest("hex").slice(0, 12);
  return {
    package: found.name,
    version: found.version,
    source: formatSource(source),
    integrity,
    files: own,
    folder: `${found.manifest.id}/${found.version}-${short}`,
    trusted,
  };
}

function sameEntry(a: LockEntry, b: LockEntry): boolean {
  return (
    a.version === b.version &&
    a.source === b.source &&
    a.integrity === b.integrity &&
    a.files === b.files &&
    a.trusted === b.trusted
  );
}
