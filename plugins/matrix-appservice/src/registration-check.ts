import { checkLocalpart } from "./ids.ts";
import { isObject, textOf, type JsonObject } from "./wire.ts";

/** One thing that is wrong with a registration: a fault stops the homeserver or us, a warning does harm later. */
export interface Finding {
  readonly level: "fault" | "warning";
  readonly field: string;
  /** A sentence for the operator; never holds a token. */
  readonly text: string;
}

/**
 * Everything wrong with a parsed registration file, faults first, in plain sentences.
 *
 * @see https://spec.matrix.org/v1.19/application-service-api/#registration
 */
export function checkRegistration(value: unknown): readonly Finding[] {
  const findings: Finding[] = [];
  const fault = (field: string, text: string): void => void findings.push({ level: "fault", field, text });
  const warn = (field: string, text: string): void => void findings.push({ level: "warning", field, text });
  if (!isObject(value))
    return [
      {
        level: "fault",
        field: "",
        text: "a registration is a YAML mapping with id, url, as_token, hs_token, sender_localpart and namespaces",
      },
    ];

  for (const field of ["id", "as_token", "hs_token", "sender_localpart"]) {
    if (textOf(value[field]) === undefined || value[field] === "") fault(field, `${field} is missing or is no text`);
  }
  if (textOf(value["id"])?.includes("|")) fault("id", "id must not hold the character |");
  const { as_token: asToken, hs_token: hsToken } = value;
  for (const [field, token] of [
    ["as_token", asToken],
    ["hs_token", hsToken],
  ] as const) {
    if (typeof token === "string" && token !== "" && token.length < 32)
      warn(field, `${field} is short and may be guessed; use 32 random bytes or more`);
  }
  if (typeof asToken === "string" && asToken === hsToken)
    fault("hs_token", "as_token and hs_token are the same; each side needs its own");

  const sender = textOf(value["sender_localpart"]);
  if (sender !== undefined && sender !== "" && !/^[A-Za-z0-9._~-]+$/.test(sender))
    fault(
      "sender_localpart",
      "sender_localpart holds characters that need encoding in a URL; homeservers refuse it. Use a-z 0-9 . _ -",
    );
  else if (sender !== undefined && sender !== "" && checkLocalpart(sender) !== undefined)
    warn("sender_localpart", "sender_localpart should be lower-case: user ids are");

  checkUrl(value, fault, warn);
  checkNamespaces(value["namespaces"], fault, warn);

  if (value["rate_limited"] !== false)
    warn(
      "rate_limited",
      `rate_limited is ${value["rate_limited"] === undefined ? "not set" : "not false"}: ghosts are limited, on Synapse to 0.2 messages/s. Set rate_limited: false, restart the homeserver`,
    );
  if (value["receive_ephemeral"] !== true && value["de.sorunome.msc2409.push_ephemeral"] !== true)
    warn("receive_ephemeral", "receive_ephemeral is not true: typing and presence do not arrive");
  return findings.sort((a, b) => Number(a.level === "warning") - Number(b.level === "warning"));
}

type Say = (field: string, text: string) => void;

function checkUrl(value: JsonObject, fault: Say, warn: Say): void {
  const url = value["url"];
  if (url === undefined) return fault("url", "url is missing; write null where the homeserver shall push nothing");
  if (url === null)
    return warn("url", "url is null: the homeserver pushes no events, and a ping answers M_URL_NOT_SET");
  if (typeof url !== "string" || !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return fault("url", "url is no http or https address");
  if (url.endsWith("/")) warn("url", "url ends with a slash; some homeservers then ask for //_matrix. Remove it");
}

function checkNamespaces(namespaces: unknown, fault: Say, warn: Say): void {
  if (!isObject(namespaces)) return fault("namespaces", "namespaces is missing; it holds users, aliases and rooms");
  for (const [name, sigil] of [
    ["users", "@"],
    ["aliases", "#"],
    ["rooms", "!"],
  ] as const) {
    const list = namespaces[name];
    if (list === undefined) continue;
    if (!Array.isArray(list)) {
      fault(`namespaces.${name}`, `namespaces.${name} is no list of {regex, exclusive}`);
      continue;
    }
    list.forEach((entry: unknown, index) => checkNamespace(entry, `namespaces.${name}.${index}`, sigil, fault, warn));
  }
}

function checkNamespace(entry: unknown, field: string, sigil: string, fault: Say, warn: Say): void {
  const regex = isObject(entry) ? textOf(entry["regex"]) : undefined;
  if (!isObject(entry) || regex === undefined) return fault(field, `${field} has no regex`);
  if (typeof entry["exclusive"] !== "boolean") fault(field, `${field} does not say exclusive: true or false`);
  try {
    RegExp(regex);
  } catch {
    return fault(field, `${field}.regex is no regular expression`);
  }
  if (!regex.startsWith("^") || !/(?:^|[^\\])(?:\\\\)*\$$/.test(regex))
    warn(field, `${field}.regex is not anchored with ^ and $; homeservers differ in what they then match`);
  if (!regex.replace(/^\^/, "").startsWith(sigil))
    warn(field, `${field}.regex does not start with ${sigil}, so it may match nothing`);
  const server = regex.slice(regex.indexOf(":") + 1);
  if (regex.includes(":") && /(?:^|[^\\])\.(?![*+?{])/.test(server))
    warn(field, `${field}.regex has an unescaped dot in the server name; write \\. for each`);
}
