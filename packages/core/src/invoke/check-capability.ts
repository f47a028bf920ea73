import {
  type AnyOperation,
  type AnyPlatform,
  BotyardError,
  type Capability,
  type Limit,
  type ObjectSchema,
  planRoute,
} from "@botyard/sdk";
import type { GenericSchema } from "valibot";
import { parseInput } from "./validate.ts";

const size = (value: unknown, unit: Limit["unit"]): number => {
  if (Array.isArray(value)) return value.length;
  if (typeof value === "number") return value;
  if (typeof value !== "string") return 0;
  if (unit === "bytes") return new TextEncoder().encode(value).length;
  return unit === "utf16" ? value.length : [...value].length;
};

/**
 * Throws `unsupported` with the platform's own reason. `bot`: `chat/helper`, which takes the place of `<bot>` in what can
 * be done instead.
 */
export function checkSupport(title: string, capability: Capability, bot?: string): void {
  if (capability.support !== "none") return;
  const instead = capability.remedy?.replaceAll("<bot>", (place) => bot ?? place);
  // "Mattermost has no deletion of bots." says itself whose it is.
  const about = capability.detail.startsWith(`${title} `) ? "" : `${title}: `;
  throw new BotyardError(
    "unsupported",
    `${about}${capability.detail} Nothing was changed.`,
    instead ? { instead } : {},
  );
}

const always = new Set(["connection", "bot", "room", "as", "message", "user", "limit", "cursor", "options"]);

/** Throws `unsupported_param` for a field that would be dropped, `too_large` beyond a limit, in the limit's unit. */
export function checkFields(
  operation: AnyOperation,
  title: string,
  capability: Capability,
  input: Readonly<Record<string, unknown>>,
): void {
  if (capability.support === "none" || ("by" in capability && capability.by === "core")) return;
  const { params, limits } = capability as { params?: readonly string[]; limits?: Readonly<Record<string, Limit>> };
  if (params) {
    const required = new Set(
      planRoute(operation)
        .fields.filter((field) => field.required)
        .map((field) => field.name),
    );
    for (const [name, value] of Object.entries(input)) {
      if (value === undefined || required.has(name) || always.has(name) || params.includes(name)) continue;
      throw new BotyardError(
        "unsupported_param",
        `${title} has no "${name}" for ${operation.name}; it would be dropped, so nothing was done`,
        {
          issues: [{ path: name, expected: "no such field here" }],
          instead: params.length > 0 ? `fields honoured here: ${params.join(", ")}` : "leave it out",
        },
      );
    }
  }
  for (const [name, limit] of Object.entries(limits ?? {})) {
    const seen = size(input[name], limit.unit);
    if (seen > limit.max)
      throw new BotyardError("too_large", `"${name}" has ${seen} ${limit.unit}; ${title} takes at most ${limit.max}`, {
        issues: [{ path: name, expected: `at most ${limit.max} ${limit.unit}` }],
      });
  }
}

/** `options` are checked against the platform's declared schema; without one they are refused. */
export function checkOptions(
  operation: AnyOperation,
  platform: AnyPlatform,
  input: Record<string, unknown>,
): Record<string, unknown> {
  if (!("options" in (operation.input as ObjectSchema).entries)) return input;
  const schema = platform.extras?.[operation.name] as GenericSchema | undefined;
  if (!schema) {
    if (input["options"] === undefined || Object.keys(input["options"] as object).length === 0) return input;
    throw new BotyardError("unsupported_param", `${platform.title} has no options for ${operation.name}`, {
      issues: [{ path: "options", expected: "no such field here" }],
    });
  }
  return { ...input, options: parseInput(schema, input["options"] ?? {}, `options of ${operation.name}`) };
}
