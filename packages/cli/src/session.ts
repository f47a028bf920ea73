import { type Client, createClient, type Transport } from "@botyard/client";
import type { Config } from "@botyard/core";
import { BotyardError } from "@botyard/sdk";
import type { Catalog } from "./catalog.ts";
import type { Globals } from "./globals.ts";
import type { Io } from "./io.ts";
import { createStyle, type Style } from "./output/style.ts";
import type { FullOptions } from "./types.ts";

/** Where a command's operations run. */
export interface Backend {
  readonly transport: Transport;
  /** Address of the service; null: in this process. */
  readonly url: string | null;
  close(): Promise<void>;
}

export interface OpenBackend {
  /** Makes the data directory where there is none; only `serve`, `connect` and `demo` do. */
  readonly create?: boolean;
  /** Works without anything stored: a platform's tools. */
  readonly stateless?: boolean;
}

/** One run of one command. */
export interface Session {
  readonly options: FullOptions;
  readonly io: Io;
  readonly globals: Globals;
  readonly catalog: Catalog;
  readonly config: Config;
  readonly style: Style;
  /** Opened once, closed when the command is over. */
  backend(open?: OpenBackend): Promise<Backend>;
  client(open?: OpenBackend): Promise<Client>;
  /** A remark for people on standard error; left out with `--quiet` and `--json`. */
  note(text: string): void;
  /** Prints an answer's body as it is: `--json`. */
  json(value: unknown): void;
  /** Throws `cancelled` when a person says no, `invalid` when nobody can be asked and `--yes` is not there. */
  confirm(question: string, call: string): Promise<void>;
  close(): Promise<void>;
}

export interface SessionWorld {
  readonly options: FullOptions;
  readonly io: Io;
  readonly globals: Globals;
  readonly catalog: Catalog;
  readonly config: Config;
  open(session: Pick<Session, "note">, how: OpenBackend): Promise<Backend>;
}

export function createSession({ options, io, globals, catalog, config, open }: SessionWorld): Session {
  let backend: Promise<Backend> | undefined;
  const note = (text: string): void => {
    if (!globals.quiet && !globals.json) io.err(`${text}\n`);
  };
  const session: Session = {
    options,
    io,
    globals,
    catalog,
    config,
    style: createStyle(io.colour.out),
    note,
    backend: (how = {}) => (backend ??= open({ note }, how)),
    async client(how) {
      return createClient((await session.backend(how)).transport);
    },
    json: (value) => io.out(`${JSON.stringify(value, null, 2)}\n`),
    async confirm(question, call) {
      if (globals.yes) return;
      if (!io.interactive) {
        throw new BotyardError("invalid", `${question} Nobody is here to ask; nothing was changed`, {
          fix: `${call} --yes`,
        });
      }
      const answer = await io.ask(`${question} [y/N] `);
      if (!/^y(?:es)?$/i.test(answer.trim())) throw new BotyardError("cancelled", "nothing was changed");
    },
    async close() {
      await (await backend?.catch(() => undefined))?.close();
    },
  };
  return session;
}
