import { type AnyPlatform, BotyardError, contractRefusal } from "@botyard/sdk";

type Kind = "string" | "object" | "function" | "number";

const required: Readonly<Record<string, Kind>> = {
  id: "string",
  namespace: "string",
  title: "string",
  contract: "number",
  url: "string",
  settings: "object",
  credentials: "object",
  capabilities: "object",
  native: "object",
  open: "function",
};

/**
 * What a module exports as its platform. Members it has beyond these are ignored. Throws `invalid` naming all that is
 * missing, and `unsupported` where it is made for another contract.
 */
export function checkPlatform(exported: unknown): AnyPlatform {
  if (typeof exported !== "object" || exported === null)
    throw new BotyardError("invalid", 'The plugin has no default export; it is "export default definePlatform({…})"');
  const platform = exported as Readonly<Record<string, unknown>>;
  const missing = Object.entries(required).flatMap(([name, kind]) =>
    typeof platform[name] === kind && platform[name] !== null ? [] : [`${name} (${kind})`],
  );
  if (missing.length > 0)
    throw new BotyardError("invalid", `The plugin's default export is no platform: it lacks ${missing.join(", ")}`);
  const refusal = contractRefusal(String(platform["id"]), String(platform["contract"]));
  if (refusal !== null) throw new BotyardError("unsupported", refusal);
  return platform as unknown as AnyPlatform;
}
