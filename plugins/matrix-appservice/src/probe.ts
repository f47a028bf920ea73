import type { Check, ProbeReport, StepDraft } from "@botyard/sdk";
import { serverInfo, whoami } from "./api.ts";
import type { Context } from "./context.ts";
import { ensureRegistered } from "./intent.ts";
import { tryWay, type Way } from "./proof.ts";
import { refusedWith } from "./request.ts";
import { errcodes } from "./wire.ts";

/** Looks at the homeserver, and at the way back from it. Throws `unauthenticated` for a wrong as_token, `unreachable`. */
export async function probe(context: Context, signal: AbortSignal): Promise<ProbeReport> {
  const { service } = context;
  const { userId: _, ...on } = await context.caller(undefined, signal);
  const server = await serverInfo(on);
  const { user_id: user } = await whoami(on);
  const { sender } = await context.identity();
  const way = await tryWay(context, signal);
  const checks: Check[] = [
    user === sender
      ? { name: "whoami", state: "ok", detail: `signed in as ${user}` }
      : {
          name: "whoami",
          state: "fail",
          detail: `the as_token belongs to ${user}, the registration says ${sender}`,
          fix: "connect again with the registration file that the homeserver loads",
        },
    await bridgeBot(context, signal),
    ...service.users.map(({ regex, exclusive }): Check => ({
      name: "namespace",
      state: "info",
      detail: `${regex}${exclusive ? " exclusive" : ""}`,
    })),
    way.ok
      ? { name: "homeserver → Botyard", state: "ok", detail: way.detail }
      : { name: "homeserver → Botyard", state: "fail", detail: way.detail, fix: way.fix },
    {
      name: "encryption",
      state: "info",
      detail: "end-to-end encryption is not supported: events of encrypted rooms arrive as platform.unknown",
    },
  ];
  if (service.rateLimited)
    checks.push({
      name: "rate limits",
      state: "warn",
      detail: "rate_limited is not false: ghosts are limited, on Synapse to 0.2 messages/s",
      fix: "set rate_limited: false in the registration file and restart the homeserver",
    });
  return { server, checks, continuity: "observed", steps: stepsFor(context, way) };
}

/** The sender acts unregistered on Synapse and then stands in rooms without a profile: it is made here. */
async function bridgeBot(context: Context, signal: AbortSignal): Promise<Check> {
  const { sender } = await context.identity();
  const name = "bridge bot";
  try {
    const made = await ensureRegistered(context, sender, { signal, fresh: true });
    return { name, state: "ok", detail: made === "made" ? `${sender} was registered now` : `${sender} is registered` };
  } catch (error) {
    if (!refusedWith(error, errcodes.exclusive, errcodes.forbidden)) throw error;
    return {
      name,
      state: "fail",
      detail: `the homeserver does not let this registration make ${sender}`,
      fix: `set sender_localpart to a name that no other registration reserves, restart the homeserver, connect again`,
    };
  }
}

function stepsFor({ service, url }: Context, way: Way): StepDraft[] {
  const where = `the registration file of "${service.id}" on the machine of ${url}; then restart the homeserver`;
  const steps: StepDraft[] = [];
  if (service.rateLimited)
    steps.push({
      kind: "rate-limited",
      title: "Lift the homeserver's limits for this application service",
      why: "Without rate_limited: false each ghost may send 0.2 messages a second.",
      run: { where, setting: "rate_limited: false" },
    });
  if (!way.ok && way.code !== "M_FORBIDDEN")
    steps.push({
      kind: "registration-url",
      title: "Let the homeserver reach Botyard",
      why: way.detail,
      run: { where, setting: way.fix },
    });
  return steps;
}
