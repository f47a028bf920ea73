import type { Check, ProbeReport, StepDraft } from "@botyard/sdk";
import { serverInfo, whoami } from "./api.ts";
import type { Context } from "./context.ts";
import { ensureRegistered } from "./intent.ts";
import { importAgain, tryWay, wantedUrl, type Way } from "./proof.ts";
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
          fix: importAgain(context),
        },
    await bridgeBot(context, signal),
    ...service.users.map(({ regex, exclusive }): Check => ({
      name: "namespace",
      state: "info",
      detail: `${regex}${exclusive ? " exclusive" : ""}`,
    })),
    wayBack(context, way),
    await encryption(context),
  ];
  if (service.rateLimited)
    checks.push({
      name: "rate limits",
      state: "warn",
      detail: "rate_limited is not false: ghosts are limited, on Synapse to 0.2 messages/s",
      fix: "set rate_limited: false in the registration file and restart the homeserver",
    });
  if (!way.ok && wantedUrl(context) !== undefined)
    checks.push({
      name: "meanwhile",
      state: "info",
      detail: `${sinceWhen(context)}the homeserver keeps later events and sends them after the fix; typing, receipts and presence of that time are gone`,
    });
  return { server, checks, continuity: "observed", steps: stepsFor(context, way) };
}

const minuteMs = 60_000;

/** `last transaction 41 min ago; `; nothing where none came since the start. */
function sinceWhen({ taken, host }: Context): string {
  if (taken.atMs === undefined) return "";
  const minutes = Math.round((host.clock.now() - taken.atMs) / minuteMs);
  return `last transaction ${minutes < 1 ? "less than a minute" : `${minutes} min`} ago; `;
}

function wayBack(context: Context, way: Way): Check {
  const name = "homeserver → Botyard";
  if (way.ok) return { name, state: "ok", detail: way.detail };
  // A command beside no service: that nobody answers the homeserver is no fault of the way.
  if (wantedUrl(context) === undefined)
    return { name, state: "warn", detail: "nothing receives here until the service runs", fix: way.fix };
  return { name, state: "fail", detail: way.detail, fix: way.fix };
}

/** Rooms named in a check. */
const mostNamed = 5;

async function encryption({ memory }: Context): Promise<Check> {
  const rooms = await memory.encryptedRooms();
  const named = `${rooms.slice(0, mostNamed).join(", ")}${rooms.length > mostNamed ? ", …" : ""}`;
  const what = "encryption is not supported: their messages arrive as platform.unknown";
  return rooms.length === 0
    ? { name: "encryption", state: "info", detail: `end-to-end encrypted rooms: none (${what})` }
    : {
        name: "encryption",
        state: "warn",
        detail: `end-to-end encrypted rooms: ${rooms.length} (${named}); ${what}, and what bots write there is not encrypted`,
        fix: "let bots work in rooms without encryption: it cannot be switched off in a room that has it",
      };
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
      fix: `set sender_localpart to a name that no other registration reserves, restart the homeserver, then: ${importAgain(context)}`,
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
  if (!way.ok && way.setting !== undefined)
    steps.push({
      kind: "registration-url",
      title: "Let the homeserver reach Botyard",
      why: way.detail,
      run: { where, setting: way.setting },
    });
  return steps;
}
