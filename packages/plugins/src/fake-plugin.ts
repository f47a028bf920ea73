import type { Files } from "./integrity.ts";
import { toTarball } from "./tarball.ts";

export interface FakePlugin {
  readonly id?: string;
  readonly namespace?: string;
  readonly version?: string;
  /** Merged into package.json. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Merged into the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Merged into the manifest's description. */
  readonly description?: Readonly<Record<string, unknown>>;
  readonly code?: string;
  readonly more?: Readonly<Record<string, string>>;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** For tests: the files of a packed plugin, without code that runs. */
export function fakePlugin(given: FakePlugin = {}): Files {
  const { id = "parrot", version = "1.0.0" } = given;
  const namespace = given.namespace ?? id;
  const description = {
    id,
    namespace,
    title: "Parrot",
    contract: 1,
    url: "required",
    settings: { type: "object", properties: {} },
    credentials: { "admin-key": { title: "Admin key", holder: "connection", required: true, recover: "refetch" } },
    capabilities: { "messages.send": { support: "native", actsAs: "bot" } },
    native: [],
    ...given.description,
  };
  const botyard = {
    kind: "platform",
    id,
    namespace,
    title: "Parrot",
    contract: "1",
    entry: "plugin.js",
    description,
    ...given.manifest,
  };
  const json = { name: `botyard-${id}`, version, type: "module", botyard, ...given.json };
  return new Map([
    ["package.json", utf8(JSON.stringify(json))],
    ["plugin.js", utf8(given.code ?? `export default ${JSON.stringify(version)};\n`)],
    ...Object.entries(given.more ?? {}).map(([path, text]) => [path, utf8(text)] as const),
  ]);
}

export const fakeTarball = (given: FakePlugin = {}): Promise<Uint8Array> => toTarball(fakePlugin(given));
