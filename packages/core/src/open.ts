import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type AnyPlatform, BotyardError, type Clock } from "@botyard/sdk";
import { makeGrant } from "./access/keys.ts";
import type { Core } from "./core.ts";
import type { Fetch } from "./host/http.ts";
import type { Logger } from "./host/logger.ts";
import type { Redactor } from "./host/redact.ts";
import { finishRekey } from "./keeping/rekey.ts";
import { sealedRecords } from "./keeping/sealed.ts";
import type { Retention } from "./retention.ts";
import { createRuntime } from "./runtime.ts";
import type { HooksUrl, RuntimeOptions } from "./runtime-options.ts";
import type { Runtime } from "./runtime-types.ts";
import { createMemorySealer, openSealer, sealFileOf } from "./secrets/seal.ts";
import { adminKeyFile, databaseFile, prepareDataDirectory } from "./store/data-directory.ts";
import { lockService, type ServiceLock } from "./store/lock.ts";
import { openStore } from "./store/open-store.ts";
import { backupSuffix } from "./store/sqlite/backup.ts";
import type { Store } from "./store/types.ts";

export interface OpenOptions {
  readonly version: string;
  readonly platforms: readonly AnyPlatform[];
  /** Null: everything in memory, nothing on disk. */
  readonly dataDirectory: string | null;
  /** Makes the data directory; only `serve`, `connect` and `demo` do. */
  readonly create: boolean;
  /** Receives and works in the background. */
  readonly receive: boolean;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly durability?: "normal" | "full";
  readonly hooksUrl?: HooksUrl;
  readonly retention?: Retention;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly plugins?: NonNullable<RuntimeOptions["plugins"]>;
  readonly installer?: NonNullable<RuntimeOptions["installer"]>;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

export interface Opened {
  readonly runtime: Runtime & { start(): Promise<void>; readonly core: Core };
  /** Text of the admin key: made at the first start, kept in `admin.key` (0600) of the data directory. */
  readonly adminKey: () => Promise<string>;
}

export { adminKeyFile, databaseFile } from "./store/data-directory.ts";

/**
 * Opens a data directory for this process alone. Throws `conflict` while another process has it, `not_found` where
 * nothing has been made yet, and what store and seal say of damaged, newer or unreadable files, which stay as they are.
 */
export async function openBotyard(options: OpenOptions): Promise<Opened> {
  const { dataDirectory: directory, env = process.env } = options;
  let lock: ServiceLock | null = null;
  if (directory !== null) {
    if (options.create) prepareDataDirectory(directory);
    else if (!existsSync(databaseFile(directory)))
      throw new BotyardError("not_found", `nothing has been set up in ${directory} yet`, {
        fix: "botyard connect <platform> <url>",
        instead: "botyard demo",
      });
    lock = lockService(directory);
  }
  let store: Store | undefined;
  try {
    if (directory !== null) {
      finishRekey(directory, sealFileOf(directory, env));
      removeLeftovers(directory);
    }
    store = await openStore(
      directory === null
        ? { memory: true }
        : { path: databaseFile(directory), ...(options.durability ? { durability: options.durability } : {}) },
    );
    const sealer =
      directory === null
        ? createMemorySealer()
        : openSealer({ file: sealFileOf(directory, env), sealed: await sealedRecords(store) });
    const runtime = await createRuntime({ ...options, store, sealer });
    const close = runtime.close.bind(runtime);
    return {
      runtime: {
        ...runtime,
        async close(how) {
          await close(how);
          lock?.release();
        },
      },
      adminKey: () => adminKey(runtime, directory),
    };
  } catch (error) {
    await store?.close().catch(() => {});
    lock?.release();
    throw error;
  }
}

/** Copies for backups that a crash left behind. */
function removeLeftovers(directory: string): void {
  const left = `${basename(databaseFile(directory))}${backupSuffix}`;
  for (const name of readdirSync(directory)) if (name.startsWith(left)) rmSync(join(directory, name), { force: true });
}

type Started = Awaited<ReturnType<typeof createRuntime>>;

/** The key an operator on this machine has: from its file, or a new one where the file is gone. */
async function adminKey({ core: { keys, registry } }: Started, directory: string | null): Promise<string> {
  const file = directory === null ? null : adminKeyFile(directory);
  if (file !== null && existsSync(file)) {
    const text = readFileSync(file, "utf8").trim();
    try {
      keys.authenticate(text);
      return text;
    } catch {
      // A key of another database, or a revoked one: a new one takes its place.
      rmSync(file);
    }
  }
  const before = registry.list("key").find((key) => key.name === "admin" && key.revokedAt === null);
  if (before) await keys.revoke(before.id);
  const { secret } = await keys.create({
    name: "admin",
    preset: "admin",
    grant: makeGrant({ preset: "admin" }),
    ratePerMinute: null,
    expiresAt: null,
  });
  if (file !== null) {
    writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(file, 0o600);
  }
  return secret;
}
