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

interface Place {
  readonly room: string;
}

interface Inside {
  prepare(place: Place, call: Call): Promise<void>;
  ready(place: Place, as: Acting | null): Promise<boolean>;
}

/** Preparation of whatever acts in a room, harmless to repeat; `ready` where the user is in there as far as we know. */
export const inTheRoom = (context: Context): Inside => ({
  async prepare({ room }, { as, signal }) {
    await ensureJoined(context, await actorOf(context, as), room, { signal });
  },
  // Whose a person's token is the homeserver may have to be asked.
  ready: async ({ room }, as) =>
    as?.kind !== "account" && (await context.memory.membership(room, await actorOf(context, as))) === "join",
});

export const isThere =
  (context: Context) =>
  async (_: object, { as, signal }: Call): Promise<void> => {
    await ensureRegistered(context, await actorOf(context, as), { signal });
  };
