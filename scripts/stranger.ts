// What tests of the binary need of a checkout to be somebody outside of it. Prints one line of JSON.
//   bun scripts/stranger.ts sdk <folder>             packs the SDK and the test kit: tarballs by name
//   bun scripts/stranger.ts use <folder> <tarballs>  the package.json of a plugin takes them from there
//   bun scripts/stranger.ts bun <folder>             it runs on the checkout's Bun from now on
//   bun scripts/stranger.ts zulip <folder>           the example for Zulip in <folder>/zulip, installed from the tarballs
import { join, resolve } from "node:path";
import { createStep } from "./release/step.ts";
import { outside, packSdk, useOurBun, useTarballs, type PackedSdk } from "./release/strangers.ts";

const root = join(import.meta.dirname, "..");
const step = createStep(root, console.error);
const [what, into, tarballs] = process.argv.slice(2);

function run(folder: string): unknown {
  if (what === "sdk") return packSdk(root, step, folder).tarballs;
  if (what === "use") return useTarballs(folder, JSON.parse(tarballs ?? "") as PackedSdk["tarballs"]);
  if (what === "bun") return useOurBun(folder);
  if (what !== "zulip") throw new Error("usage: bun scripts/stranger.ts sdk|use|bun|zulip <folder>");
  const sdk = packSdk(root, step);
  const zulip = join(folder, "zulip");
  outside(join(root, "examples/zulip"), zulip, sdk.tarballs, step);
  sdk.remove();
  return zulip;
}

console.log(JSON.stringify(run(resolve(into ?? "")) ?? null));
