/** A send of a bot program that tries again with the same key until it hears how it ended. */
export interface Sent {
  readonly text: string;
  /** Not waited for: its ledger row tells how it ended. */
  readonly queued: boolean;
  state: "open" | "sent" | "unknown";
  /** `op_…` of a queued one. */
  row: string | null;
}

type Call = <T>(
  name: string,
  input: Record<string, unknown>,
  more?: { readonly idempotencyKey?: string; readonly wait?: false },
) => Promise<T>;

/** Begins a send, or goes on with it. Refusals leave it open; what may have been done is `unknown` and not tried again. */
export async function follow(
  call: Call,
  one: Sent,
  place: { readonly connection: string; readonly room: string },
): Promise<void> {
  if (one.row === null) return attempt(call, one, place);
  const { state, effect } = await call<{ state: string; effect: string }>("ledger.get", { operation: one.row });
  if (state === "done") one.state = "sent";
  else if (state === "unknown") one.state = "unknown";
  else if (state === "failed" && effect === "none") one.row = null;
}

async function attempt(
  call: Call,
  one: Sent,
  place: { readonly connection: string; readonly room: string },
): Promise<void> {
  try {
    const answer = await call<{ status?: string; operation: string }>(
      "messages.send",
      { ...place, text: one.text, as: "helper" },
      { idempotencyKey: one.text, ...(one.queued ? { wait: false } : {}) },
    );
    if (answer.status === "sent") one.state = "sent";
    else one.row = answer.operation;
  } catch (error) {
    const { effect } = (error as { details?: { effect?: string } }).details ?? {};
    if (effect === "unknown" || effect === "applied") one.state = "unknown";
  }
}
