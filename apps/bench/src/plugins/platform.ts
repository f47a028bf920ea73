import { type AnyPlatform, defineCapabilities, defineOperation, definePlatform } from "@botyard/sdk";
import * as v from "valibot";

const connection = v.string();

/** A platform that answers at once, or misbehaves when told to: the same code under any name. */
export function benchPlatform(id: "near" | "far" | "wild"): AnyPlatform {
  const ask = defineOperation({
    name: `${id}.ask`,
    summary: "Answer",
    run: "platform",
    effect: "read",
    route: `GET /connections/{connection}/${id}/ask`,
    input: v.strictObject({ connection, text: v.string() }),
    output: v.object({ text: v.string(), at: v.number() }),
  });
  const spoil = defineOperation({
    name: `${id}.spoil`,
    summary: "Hang for some time, or exit",
    run: "platform",
    effect: "write",
    route: `POST /connections/{connection}/${id}/spoil`,
    input: v.strictObject({ connection, hangMs: v.optional(v.number()) }),
    output: v.object({}),
  });
  const native = { ask, spoil };
  // The names are made at run time: the table's types cannot follow.
  const capabilities = defineCapabilities<object, Record<string, never>>(native, {
    [ask.name]: { support: "native", actsAs: "admin" },
    [spoil.name]: { support: "native", actsAs: "admin" },
  } as unknown as Record<string, never>);
  return definePlatform({
    id,
    namespace: id,
    title: id,
    contract: 1,
    url: "none",
    settings: v.strictObject({}),
    credentials: {},
    capabilities,
    native,
    open: async () => ({
      operations: {
        [ask.name]: async ({ text }: { text: string }) => ({ text, at: Date.now() }),
        [spoil.name]: async ({ hangMs }: { hangMs?: number }) => {
          if (hangMs === undefined) process.exit(3);
          const until = Date.now() + hangMs;
          while (Date.now() < until);
          return {};
        },
      } as never,
      probe: async () => ({ server: { name: id, version: null }, checks: [], continuity: "observed" as const }),
      resolveRoom: async (ref: string) => ref,
      close: async () => {},
    }),
  }) as AnyPlatform;
}
