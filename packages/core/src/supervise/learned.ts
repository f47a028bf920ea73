import type { Report } from "@botyard/sdk";
import { putBot, type Registry } from "../registry/registry.ts";
import type { Live } from "./live.ts";
import type { Steps } from "./steps.ts";

/** A bot that had no id yet showed itself: it is kept, and the steps that waited for it are looked at. */
export async function learnNativeId(
  registry: Registry,
  steps: Steps,
  live: Live,
  handle: string,
  report: Report,
): Promise<void> {
  const bot = registry.get("bot", `${live.id}/${handle}`);
  if (bot && report.nativeId !== undefined && bot.native.nativeId === null)
    await registry.save([putBot({ ...bot, native: { ...bot.native, nativeId: report.nativeId } })]);
  for (const step of registry.list("step", live.id))
    if (step.state === "open" && step.bot === handle) await steps.verify(live, step.id);
}
