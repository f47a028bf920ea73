import { contractVersion, type PluginManifest } from "@botyard/sdk";

function reached({ origins, description }: PluginManifest): readonly string[] {
  const words: Readonly<Record<string, string>> = {
    settings: "the addresses in its settings",
    server: "the addresses its server names",
  };
  const own = description.url === "required" ? ["the connection's own URL"] : [];
  return [...own, ...origins.map((origin) => words[origin] ?? origin)];
}

function reach(manifest: PluginManifest): string {
  const all = reached(manifest);
  if (all.length === 0) return "reaches no server";
  return all.length === 1 ? `reaches ${all[0]} only` : `reaches ${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

const secrets = ({ description }: PluginManifest): string =>
  Object.keys(description.credentials).length > 0 ? "secrets: its own" : "secrets: none";

/** What a person reads before it is installed: one phrase each. */
export function asksOf(manifest: PluginManifest, trusted: boolean, deprecated: string | null): readonly string[] {
  return [
    `contract ${manifest.contract} (this binary: ${contractVersion})`,
    reach(manifest),
    secrets(manifest),
    `hooks: ${manifest.hooks ? "chat servers send to it" : "none"}`,
    trusted ? "in Botyard's own process, by your choice" : "separate process",
    ...(deprecated === null ? [] : [`deprecated: ${deprecated}`]),
  ];
}

const listed = (sign: string, all: Iterable<string>): readonly string[] => [...all].map((one) => `${sign} ${one}`);

interface Form {
  readonly manifest: PluginManifest;
  readonly trusted: boolean;
}

function parts({ manifest, trusted }: Form): ReadonlySet<string> {
  const { description, hooks, contract, namespace } = manifest;
  return new Set([
    ...reached(manifest).map((one) => `reaches ${one}`),
    ...Object.entries(description.credentials).map(([kind, { title }]) => `secret ${kind} (${title})`),
    ...(hooks ? ["hooks: chat servers send to it"] : []),
    ...(trusted ? ["in Botyard's own process"] : []),
    ...description.native.map(({ name, effect }) => `operation ${name} (${effect})`),
    ...Object.entries(description.capabilities)
      .filter(([name, { support }]) => support !== "none" && !name.startsWith(`${namespace}.`))
      .map(([name]) => `does ${name}`),
    `contract ${contract}`,
  ]);
}

/** What is new against the version before, and what is gone: `+ hooks: …`, `- reaches …`. */
export function changesOf(before: Form, after: Form): readonly string[] {
  const [old, now] = [parts(before), parts(after)];
  return [...listed("+", now.difference(old)), ...listed("-", old.difference(now))];
}
