import type { Acting, Call, HandlersOf } from "@botyard/sdk";
import type { Capabilities } from "../capabilities.ts";
import { actorOf, type Context } from "../context.ts";
import { ensureJoined, ensureRegistered } from "../intent.ts";
import type { Actor } from "../methods/actor.ts";

/** Handlers of the native operations. */
export type Matrix = HandlersOf<Capabilities, "matrix">;

/** The handlers for one module of native operations. */
export type MatrixOf<Module> = Pick<
  Matrix,
  Extract<{ [K in keyof Module]: Module[K] extends { readonly name: infer N } ? N : never }[keyof Module], keyof Matrix>
>;

/** Who acts in this call. */
export async function actorIn(context: Context, { as, signal, effectId, attempt }: Call): Promise<Actor> {
  return { context, user: await actorOf(context, as), signal, effectId, attempt };
}

/** Preparation of whatever acts in a room: harmless to repeat. */
export const inTheRoom =
  (context: Context) =>
  async ({ room }: { readonly room: string }, { as, signal }: Call): Promise<void> => {
    await ensureJoined(context, await actorOf(context, as), room, { signal });
  };

/** Whether memory knows the actor as joined, so that nothing is to be prepared. A wrong memory is mended by the call itself. */
export const isInRoom =
  (context: Context) =>
  async ({ room }: { readonly room: string }, as: Acting | null): Promise<boolean> =>
    (await context.memory.membership(room, await actorOf(context, as))) === "join";

export const isThere =
  (context: Context) =>
  async (_: object, { as, signal }: Call): Promise<void> => {
    await ensureRegistered(context, await actorOf(context, as), { signal });
  };
