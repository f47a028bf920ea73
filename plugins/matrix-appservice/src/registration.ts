import { randomBytes } from "node:crypto";
import { parseYAML, stringifyYAML } from "confbox/yaml";
import { checkRegistration, type Finding } from "./registration-check.ts";
import { isObject, textOf, type JsonObject, type WireNamespace, type WireRegistration } from "./wire.ts";

/** The registration of one application service, in our spelling. */
export interface Registration {
  readonly id: string;
  /** Where the homeserver reaches us, without a trailing slash; `null`: nothing is pushed. */
  readonly url: string | null;
  readonly asToken: string;
  readonly hsToken: string;
  readonly senderLocalpart: string;
  readonly users: readonly WireNamespace[];
  readonly aliases: readonly WireNamespace[];
  readonly rooms: readonly WireNamespace[];
  readonly receiveEphemeral: boolean;
  /** The homeserver's default is `true`: ghosts are limited. */
  readonly rateLimited: boolean;
  readonly protocols: readonly string[];
}

export interface RegistrationInput {
  /** Name of the application service on its homeserver; unique there. */
  readonly id: string;
  readonly url: string | null;
  /** Server name of the homeserver, the part after the colon of its user ids. */
  readonly serverName: string;
  /** Localpart of the sender, the bridge bot. */
  readonly bot: string;
  /** Regular expressions for localparts of ghosts: `_remote_.*`; anchoring, `@` and server are added. */
  readonly users: readonly string[];
  /** The same for room aliases. */
  readonly aliases?: readonly string[];
}

/** Length of each token in random bytes. */
const tokenBytes = 32;

/** Text that is hard to guess, as it stands in a file or a header. */
export function createToken(): string {
  return randomBytes(tokenBytes).toString("base64url");
}

function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** `_remote_.*` → `^@_remote_.*:hs\.example\.org$`; alternatives are grouped, so that the anchors hold for each. */
export function anchor(sigil: "@" | "#", localpart: string, serverName: string): string {
  const inner = localpart.includes("|") ? `(?:${localpart})` : localpart;
  return `^${sigil}${inner}:${escapeRegex(serverName)}$`;
}

/** A new registration with fresh tokens. Names are not checked here: `checkRegistration` says what is wrong. */
export function createRegistration(input: RegistrationInput): Registration {
  const namespace = (sigil: "@" | "#", patterns: readonly string[]): WireNamespace[] =>
    patterns.map((pattern) => ({ exclusive: true, regex: anchor(sigil, pattern, input.serverName) }));
  return {
    id: input.id,
    url: input.url === null ? null : input.url.replace(/\/+$/, ""),
    asToken: createToken(),
    hsToken: createToken(),
    senderLocalpart: input.bot,
    users: namespace("@", input.users),
    aliases: namespace("#", input.aliases ?? []),
    rooms: [],
    receiveEphemeral: true,
    rateLimited: false,
    protocols: [],
  };
}

/** The file an operator gives to the homeserver. */
export function toYaml(registration: Registration): string {
  const { users, aliases, rooms } = registration;
  const wire: WireRegistration = {
    id: registration.id,
    url: registration.url,
    as_token: registration.asToken,
    hs_token: registration.hsToken,
    sender_localpart: registration.senderLocalpart,
    rate_limited: registration.rateLimited,
    receive_ephemeral: registration.receiveEphemeral,
    namespaces: { users, aliases, rooms },
    ...(registration.protocols.length === 0 ? {} : { protocols: registration.protocols }),
  };
  return stringifyYAML(wire);
}

/** What a registration file says, with everything found wrong; `registration` is absent where a fault forbids its use. */
export interface RegistrationFile {
  readonly registration?: Registration;
  readonly findings: readonly Finding[];
}

/** Reads YAML or JSON text. Never throws: text that is no YAML is a fault. */
export function fromYaml(text: string): RegistrationFile {
  let value: unknown;
  try {
    value = parseYAML(text);
  } catch {
    return { findings: [{ level: "fault", field: "", text: "the file is not valid YAML" }] };
  }
  const findings = checkRegistration(value);
  if (!isObject(value) || findings.some((finding) => finding.level === "fault")) return { findings };
  return { registration: fromWire(value), findings };
}

function fromWire(wire: JsonObject): Registration {
  const namespaces = isObject(wire["namespaces"]) ? wire["namespaces"] : {};
  const list = (field: string): WireNamespace[] => {
    const value = namespaces[field];
    return Array.isArray(value)
      ? value
          .filter(isObject)
          .map((entry) => ({ exclusive: entry["exclusive"] === true, regex: String(entry["regex"]) }))
      : [];
  };
  const protocols = wire["protocols"];
  return {
    id: String(wire["id"]),
    url: textOf(wire["url"])?.replace(/\/+$/, "") ?? null,
    asToken: String(wire["as_token"]),
    hsToken: String(wire["hs_token"]),
    senderLocalpart: String(wire["sender_localpart"]),
    users: list("users"),
    aliases: list("aliases"),
    rooms: list("rooms"),
    receiveEphemeral: wire["receive_ephemeral"] === true || wire["de.sorunome.msc2409.push_ephemeral"] === true,
    rateLimited: wire["rate_limited"] !== false,
    protocols: Array.isArray(protocols) ? protocols.filter((name) => typeof name === "string") : [],
  };
}
