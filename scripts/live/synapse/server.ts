import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProgram, type Program } from "../process.ts";

/** A Synapse on loopback with its own folder, database and port. */
export interface Synapse extends Program {
  /** Base of the client-server API, without a slash at the end. */
  readonly url: string;
  readonly serverName: string;
}

/** What `createSynapse` needs. */
export interface SynapseOptions {
  /** Python of the environment Synapse is installed in. */
  readonly python: string;
  readonly directory: string;
  readonly serverName: string;
  readonly port: number;
  /** Registration files of application services; read by Synapse at every start. */
  readonly registrations: readonly string[];
}

/** Writes `homeserver.yaml` and makes the server; `start` after `stop` or `kill` keeps the database. */
export function createSynapse(options: SynapseOptions): Synapse {
  const { directory, port, serverName } = options;
  const url = `http://127.0.0.1:${port}`;
  const configuration = join(directory, "homeserver.yaml");
  mkdirSync(join(directory, "media"), { recursive: true });
  // YAML 1.2 holds JSON
  writeFileSync(join(directory, "logging.yaml"), JSON.stringify(logging, null, 2));
  writeFileSync(configuration, JSON.stringify(settings(options, url), null, 2));
  const program = createProgram({
    name: "Synapse",
    command: options.python,
    args: ["-m", "synapse.app.homeserver", "-c", configuration],
    cwd: directory,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
    log: join(directory, "synapse.log"),
    ready: async () => (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: 60_000,
  });
  return { ...program, url, serverName };
}

/** @see https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html (1.157) */
function settings(options: SynapseOptions, url: string): Record<string, unknown> {
  const { directory, port, registrations, serverName } = options;
  return {
    server_name: serverName,
    public_baseurl: `${url}/`,
    report_stats: false,
    log_config: join(directory, "logging.yaml"),
    signing_key_path: join(directory, "signing.key"),
    media_store_path: join(directory, "media"),
    pid_file: join(directory, "homeserver.pid"),
    database: { name: "sqlite3", args: { database: join(directory, "homeserver.db") } },
    listeners: [
      {
        port,
        type: "http",
        tls: false,
        bind_addresses: ["127.0.0.1"],
        resources: [{ names: ["client"], compress: false }],
      },
    ],
    federation_domain_whitelist: [],
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: "live-run-on-loopback",
    macaroon_secret_key: "live-run-on-loopback",
    form_secret: "live-run-on-loopback",
    bcrypt_rounds: 4,
    presence: { enabled: true },
    // Otherwise the same first /sync is answered from memory for two minutes.
    caches: { sync_response_cache_duration: 0 },
    room_list_publication_rules: [{ action: "allow" }],
    app_service_config_files: registrations,
    ...unlimited,
  };
}

const quiet = { level: "WARNING" };

/** What Synapse does, without a line for each request and statement. */
const logging = {
  version: 1,
  disable_existing_loggers: false,
  formatters: { line: { format: "%(asctime)s %(levelname)s %(name)s %(message)s" } },
  handlers: { console: { class: "logging.StreamHandler", formatter: "line" } },
  loggers: { "synapse.access": quiet, "synapse.storage": quiet, "synapse.util": quiet },
  root: { level: "INFO", handlers: ["console"] },
};

const free = { per_second: 9999, burst_count: 9999 };

const unlimited = {
  rc_message: free,
  rc_registration: free,
  rc_registration_token_validity: free,
  rc_login: { address: free, account: free, failed_attempts: free },
  rc_admin_redaction: free,
  rc_joins: { local: free, remote: free },
  rc_joins_per_room: free,
  rc_3pid_validation: free,
  rc_invites: { per_room: free, per_user: free, per_issuer: free },
  rc_third_party_invite: free,
  rc_media_create: free,
  rc_presence: { per_user: free },
  rc_room_creation: free,
  rc_user_directory: free,
};
