import type { Feature } from "./wire.ts";

/** A word as a POSIX shell takes it: `'it'\''s'`. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

const plain = /^[A-Za-z0-9_./:=@%+,-]+$/;
const word = (text: string): string => (plain.test(text) && !text.startsWith("-") ? text : quote(text));

/** Repeating a label ADDS its bit again (twice webhook is response), so that each stands once. */
const flags = (features: readonly Feature[]): string[] => [...new Set(features)].flatMap((name) => ["-f", name]);

/** Arguments that begin with a dash would be read as options. */
const positional = (words: readonly string[]): string[] => [
  ...(words.some((text) => text.startsWith("-")) ? ["--"] : []),
  ...words,
];

export interface Installing {
  /** 1 to 64 bytes. */
  readonly name: string;
  readonly secret: string;
  readonly url: string;
  readonly description: string | null;
  readonly features: readonly Feature[];
  readonly noSetup?: boolean;
}

/** Lines of `occ`, ready to paste. @see https://nextcloud-talk.readthedocs.io/en/stable/occ/ (Talk 21.1) */
export interface Occ {
  install(bot: Installing): string;
  uninstall(bot: { readonly id: number | null; readonly url: string }): string;
  /** `state` 0: off, 1: on, 2: on, and only occ brings it into rooms. Without features they stay. */
  state(id: string, state: 0 | 1 | 2, features?: readonly Feature[]): string;
  setup(id: string, rooms: readonly string[]): string;
  remove(id: string, rooms: readonly string[]): string;
  resetThrottle(address: string): string;
  setBackend(url: string): string;
}

/** `prefix`: how occ is called on that machine: `sudo -u www-data php occ`. */
export function createOcc(prefix: string): Occ {
  const line = (...words: readonly string[]): string => [prefix, ...words].join(" ");
  return {
    install: ({ name, secret, url, description, features, noSetup }) => {
      const words = [name, secret, url, ...(description ? [description] : [])];
      const quoted = positional(words).map((text) => (text === "--" ? text : quote(text)));
      return line("talk:bot:install", ...(noSetup ? ["--no-setup"] : []), ...flags(features), ...quoted);
    },
    uninstall: ({ id, url }) => line("talk:bot:uninstall", ...(id === null ? ["--url", quote(url)] : [String(id)])),
    state: (id, state, features = []) => line("talk:bot:state", id, String(state), ...flags(features)),
    setup: (id, rooms) => line("talk:bot:setup", id, ...rooms.map(word)),
    remove: (id, rooms) => line("talk:bot:remove", id, ...rooms.map(word)),
    resetThrottle: (address) => line("security:bruteforce:reset", address),
    setBackend: (url) => line("config:system:set", "overwrite.cli.url", `--value=${quote(url)}`),
  };
}

/** Stands in a line where the server's number of the bot is not known: fails harmlessly when pasted as it is. */
export const unknownId = "'<id, see talk:bot:list>'";
