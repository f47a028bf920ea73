import { BotyardError, type LoginStep } from "@botyard/sdk";
import { ulid } from "ulid";
import type { CoreHandler } from "../invoke/context.ts";
import type { CredentialRecord } from "../store/types.ts";
import { toCredential } from "../supervise/states.ts";

interface Dialogue {
  readonly key: string;
  readonly connection: string;
  readonly kind: string;
  readonly account: string | null;
  readonly state: Extract<LoginStep, { state: unknown }>["state"];
  readonly endsAt: number;
}

const lastsMs = 10 * 60_000;
const mostOpen = 100;

/** Dialogues live in memory only: what they hold is worth a password, and a restart may ask for it again. */
const dialogues = new Map<string, Dialogue>();

/** Walks a login dialogue one step; the credential is sealed before the answer says `done`. */
export const login: CoreHandler<"credentials.login"> = async (input, call) => {
  const { core, principal } = call;
  const { connection, kind } = input;
  const now = core.clock.now();
  for (const [id, open] of dialogues) if (open.endsAt <= now) dialogues.delete(id);
  const before = input.dialogue === undefined ? undefined : dialogues.get(input.dialogue);
  if (
    input.dialogue !== undefined &&
    (!before || before.key !== principal.keyId || before.connection !== connection || before.kind !== kind)
  )
    throw new BotyardError("gone", "this login dialogue has ended; begin again without `dialogue`");
  const { live, session } = await core.supervisor.session(connection);
  const declared = live.platform.credentials[kind];
  if (!declared || !session.login)
    throw new BotyardError("unsupported", `${live.platform.title} has no login dialogue for "${kind}"`, {
      instead: `botyard credentials import ${connection} ${kind} --secret -`,
    });
  const account = before?.account ?? input.account ?? null;
  if (declared.holder === "account" && account === null)
    throw new BotyardError("invalid", "give the account a name of yours", {
      issues: [{ path: "account", expected: "a handle" }],
    });

  const step = await session.login(
    { kind, account, state: before?.state ?? null, answers: input.answers ?? {} },
    call.signal,
  );
  const id = input.dialogue ?? `dlg_${ulid()}`;
  if (step.step === "done") {
    dialogues.delete(id);
    const of = declared.holder === "account" ? account : null;
    await core.registry.save(core.vault.put(connection, { ...step.credential, holder: declared.holder, of }));
    if (declared.holder === "connection") await core.supervisor.open(connection);
    const record = core.vault.record(connection, of === null ? { kind } : { kind, account: of }) as CredentialRecord;
    return {
      dialogue: id,
      state: "done",
      title: step.note ?? null,
      credential: toCredential(core.supervisor.live(connection), record),
    };
  }
  if (!before && dialogues.size >= mostOpen)
    throw new BotyardError("rate_limited", "too many login dialogues are open", { retryAfterMs: 60_000 });
  dialogues.set(id, { key: principal.keyId, connection, kind, account, state: step.state, endsAt: now + lastsMs });
  return step.step === "ask"
    ? { dialogue: id, state: "ask", title: step.title, fields: [...step.fields] }
    : { dialogue: id, state: "open", title: step.title, url: step.url, retryMs: step.retryMs };
};
