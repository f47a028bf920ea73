import {
  type AnyPlatform,
  BotyardError,
  type Capability,
  nativeOperations,
  operations,
  type PlatformDescription,
} from "@botyard/sdk";

/** What the plugin's code says of itself when its process has started. */
export interface Hello {
  readonly id: string;
  readonly namespace: string;
  readonly contract: number;
  /** Names of its native operations and tools. */
  readonly natives: readonly string[];
  /** Names of what it offers of the common table. */
  readonly offers: readonly string[];
  /** Kinds of credentials it is given. */
  readonly credentials: readonly string[];
}

/** Of the common table: what a later one has is not known here, and what is native is compared by itself. */
const offered = (capabilities: object): readonly string[] =>
  Object.entries(capabilities as Readonly<Record<string, Capability>>)
    .filter(([name, { support }]) => Object.hasOwn(operations, name) && support !== "none")
    .map(([name]) => name);

export function helloOf(platform: AnyPlatform): Hello {
  return {
    id: platform.id,
    namespace: platform.namespace,
    contract: platform.contract,
    natives: nativeOperations(platform).map(({ name }) => name),
    offers: offered(platform.capabilities as object),
    credentials: Object.keys(platform.credentials),
  };
}

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** Trusts nothing: the plugin's process made it. */
export function helloFrom(said: unknown): Hello {
  const { id, namespace, contract, natives, offers, credentials } = (
    typeof said === "object" && said !== null ? said : {}
  ) as Partial<Hello>;
  return {
    id: String(id),
    namespace: String(namespace),
    contract: Number(contract),
    natives: texts(natives),
    offers: texts(offers),
    credentials: texts(credentials),
  };
}

function differ(what: string, there: readonly string[], code: readonly string[]): readonly string[] {
  return [
    ...there.filter((name) => !code.includes(name)).map((name) => `${what} "${name}" is there and not in the code`),
    ...code.filter((name) => !there.includes(name)).map((name) => `${what} "${name}" is in the code and not there`),
  ];
}

/** The manifest was shown to the operator: code that says otherwise does not run. Throws `invalid`. */
export function checkHello(
  manifest: { readonly id: string; readonly namespace: string; readonly description: PlatformDescription },
  said: Hello,
): void {
  const { description } = manifest;
  const faults = [
    ...(["id", "namespace"] as const).flatMap((name) =>
      said[name] === manifest[name] ? [] : [`${name} is "${manifest[name]}" there and "${said[name]}" in the code`],
    ),
    ...(said.contract === description.contract
      ? []
      : [`contract is ${description.contract} there and ${said.contract} in the code`]),
    ...differ(
      "operation",
      description.native.map(({ name }) => name),
      said.natives,
    ),
    ...differ("capability", offered(description.capabilities), said.offers),
    ...differ("credential", Object.keys(description.credentials), said.credentials),
  ];
  if (faults.length === 0) return;
  throw new BotyardError(
    "invalid",
    `The manifest of ${manifest.id} does not fit its code: ${faults.slice(0, 5).join("; ")}. It was not made by "botyard plugins pack" of this code`,
  );
}
