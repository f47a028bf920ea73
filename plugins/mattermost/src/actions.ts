import type { Context } from "./context.ts";
import { derive, hookPath, hookSecret } from "./secrets.ts";
import { isFields, textOf, type Fields } from "./wire.ts";

/** Key in an action's context that proves to us that the server sends it: it signs nothing. */
export const proofKey = "botyard_proof";

export async function actionProof(context: Pick<Context, "host">, bot: string): Promise<string> {
  return derive(await hookSecret(context), `proof/${bot}`);
}

/**
 * Gives actions without `integration` our address; `context` of the action comes back with the event. What has its own
 * `integration` stays as it is. Throws `operator_required` where no address for hooks is configured.
 */
export async function fillActions(
  context: Context,
  bot: string,
  attachments: readonly Fields[],
): Promise<readonly Fields[]> {
  return Promise.all(
    attachments.map(async (attachment) => {
      const { actions } = attachment;
      if (!Array.isArray(actions)) return attachment;
      return { ...attachment, actions: await Promise.all(actions.map((action) => fillAction(context, bot, action))) };
    }),
  );
}

async function fillAction(context: Context, bot: string, action: unknown): Promise<unknown> {
  if (!isFields(action) || action["integration"] !== undefined) return action;
  const { context: given, ...rest } = action;
  return {
    ...rest,
    integration: {
      url: context.host.hooks.url(await hookPath(context, "action", bot)),
      context: {
        ...(isFields(given) ? given : {}),
        botyard_action: textOf(action["id"]) ?? "",
        [proofKey]: await actionProof(context, bot),
      },
    },
  };
}
