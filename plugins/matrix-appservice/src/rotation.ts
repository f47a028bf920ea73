import { BotyardError, type StepVerdict } from "@botyard/sdk";
import { whoami } from "./api.ts";
import type { Context } from "./context.ts";
import { tryWay, wantedUrl } from "./proof.ts";
import { createToken, toYaml } from "./registration.ts";
import { refusedWith } from "./request.ts";
import { toRegistration } from "./settings.ts";
import { errcodes } from "./wire.ts";

/*
 * New tokens for a registration. A homeserver reads its file when it starts, so that old and new never work at once on
 * its side: the new ones wait, sealed, until it uses them. Nothing is refused meanwhile, and nothing is lost.
 */

export const rotationKind = "rotate-registration";

const waiting = { as: "next-as-token", hs: "next-hs-token" } as const;

/** Makes new tokens, and asks for the file that holds them. Answers its text. Again before it is done: yet newer ones. */
export async function beginRotation({ host, service }: Context, url: string | null): Promise<string> {
  const tokens = { asToken: createToken(), hsToken: createToken() };
  await host.credentials.put({ kind: waiting.as, secret: tokens.asToken });
  await host.credentials.put({ kind: waiting.hs, secret: tokens.hsToken });
  const text = toYaml(toRegistration(service, { ...tokens, url }));
  host.step({
    kind: rotationKind,
    title: "Give the homeserver the registration with the new tokens",
    why: "A homeserver reads the file when it starts. Until then the old tokens stay in use, after that the new ones; nothing is lost.",
    run: {
      where: `the registration file of "${service.id}" on the machine of ${host.connection.url ?? "the homeserver"}; then restart the homeserver`,
      file: { name: `${service.id}.yaml`, text },
    },
    secret: true,
  });
  return text;
}

/** Where the homeserver reaches us by the file that is made: as configured now, else as before. */
export const urlOfRotation = (context: Context): string | null => wantedUrl(context) ?? context.service.url;

async function promote({ host, absence }: Context): Promise<void> {
  // The as_token first: whoever was refused begins again with the first that changes.
  for (const [next, kind] of [
    [waiting.as, "as-token"],
    [waiting.hs, "hs-token"],
  ] as const) {
    const found = await host.credentials.find({ kind: next });
    if (found !== null) await host.credentials.put({ kind, secret: found.secret });
  }
  host.report({ kind: "connection" }, { state: "ready" });
  host.log.info("the homeserver uses the new registration; its tokens are ours now");
  // It reads the file when it starts, and only then.
  absence.told("the homeserver was restarted with a new registration");
}

/** Whether the homeserver shows that it has the new registration, by its hs_token; from then on it is ours. */
export async function takesNext(context: Context, matches: (hsToken: string) => boolean): Promise<boolean> {
  const next = await context.host.credentials.find({ kind: waiting.hs });
  if (next === null || !matches(next.secret)) return false;
  await promote(context);
  return true;
}

/** Whether the homeserver knows the new as_token; then both are ours, and the step is done. */
export async function verifyRotation(context: Context, signal: AbortSignal): Promise<StepVerdict> {
  const next = await context.host.credentials.find({ kind: waiting.as });
  if (next === null) return { state: "done", note: "no tokens wait" };
  const { userId: _, ...on } = await context.caller(undefined, signal);
  try {
    await whoami({ ...on, token: next.secret });
  } catch (error) {
    if (refusedWith(error, errcodes.unknownToken)) return { state: "open", note: "the homeserver has the old tokens" };
    throw error;
  }
  await promote(context);
  const way = await tryWay(context, signal);
  if (!way.ok) throw new BotyardError("unreachable", way.detail, { fix: way.fix });
  return { state: "done", note: `the homeserver uses the new tokens · ${way.detail}` };
}
