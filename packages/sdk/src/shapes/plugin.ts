import * as v from "valibot";
import { says } from "../schema.ts";

/** An installed plugin and how it runs. */
export const Plugin = v.object({
  id: v.string(),
  namespace: v.string(),
  title: v.string(),
  version: v.string(),
  contract: says("Versions of the contract it was made for.", v.string()),
  source: says("As typed: `npm:zulip-botyard@^1`, or a path.", v.string()),
  integrity: v.string(),
  process: v.picklist(["child", "in-process"]),
  state: says(
    "`stopped`: no connection needs it. `failed`: it broke and is started again. `quarantined`: it broke too often and waits for another version.",
    v.picklist(["stopped", "starting", "running", "failed", "quarantined"]),
  ),
  reason: v.optional(v.string()),
  since: v.nullable(v.string()),
  crashes: v.number(),
  restarts: v.number(),
  connections: says("Ids of the connections that are its own.", v.array(v.string())),
  description: v.optional(says("What it declares, where it was asked for.", v.record(v.string(), v.unknown()))),
});
export interface Plugin extends v.InferOutput<typeof Plugin> {}

/** What installing a plugin did, or would do. */
export const PluginChange = v.object({
  state: says(
    "`planned`: a dry run. `unchanged`: just this is installed.",
    v.picklist(["planned", "installed", "updated", "unchanged"]),
  ),
  id: v.string(),
  namespace: v.string(),
  title: v.string(),
  version: v.string(),
  contract: v.string(),
  package: says("Name of the npm package.", v.string()),
  source: v.string(),
  integrity: v.string(),
  trusted: v.boolean(),
  from: v.nullable(says("The version that is, or was, installed.", v.string())),
  downgrade: v.boolean(),
  asks: says("What it asks for, one phrase each, for a person to read before it is installed.", v.array(v.string())),
  connections: says("Connections that are its own, and run on it.", v.array(v.string())),
  changes: v.nullable(
    says(
      "What is new against the installed version: `+ hooks`, `- reaches https://…`; null: none is installed.",
      v.array(v.string()),
    ),
  ),
});
export interface PluginChange extends v.InferOutput<typeof PluginChange> {}
