import { BotyardError, type Operations, type OutputOf } from "@botyard/sdk";
import { usage } from "./args/parse.ts";
import { pause } from "./await-steps.ts";
import type { Session } from "./session.ts";

export type LoginState = OutputOf<Operations["credentials.login"]>;

export interface LoginTarget {
  readonly connection: string;
  readonly kind: string;
  readonly account?: string;
}

async function askAll(state: LoginState, session: Session): Promise<Record<string, string>> {
  const { io } = session;
  const answers: Record<string, string> = {};
  for (const { name, title, secret } of state.fields ?? []) {
    const text = secret ? await io.askSecret(`  ${title} (hidden): `) : await io.ask(`  ${title}: `);
    answers[name] = secret ? text : text.trim();
  }
  return answers;
}

/**
 * Walks a login dialogue with the person at the terminal: asks what the server asks, without echo where it is secret;
 * shows an address to open and waits until that is done. Ctrl-C ends it, and nothing is kept.
 */
export async function walkLogin(target: LoginTarget, session: Session): Promise<LoginState> {
  const { io } = session;
  if (!io.interactive)
    throw usage(
      "a login asks questions, and nobody is here to answer them",
      `botyard credentials import ${target.connection} ${target.kind} --secret env:NAME`,
    );
  const client = await session.client();
  let state = await client.credentials.login({ ...target }, { signal: io.signal });
  for (;;) {
    if (state.title) io.err(`  ${state.title}\n`);
    if (state.state === "done") return state;
    if (state.state === "open") {
      io.err(`  Open this address, then come back; waiting:  ${state.url ?? ""}\n`);
      state = await polled(target, state, session);
    } else {
      const { dialogue } = state;
      const answers = await askAll(state, session);
      state = await client.credentials.login({ ...target, dialogue, answers }, { signal: io.signal });
    }
  }
}

/** Asks again until the person has been at the address. */
async function polled(target: LoginTarget, before: LoginState, session: Session): Promise<LoginState> {
  const { io } = session;
  const client = await session.client();
  let state = before;
  while (state.state === "open" && state.url === before.url) {
    await pause(Math.max(200, state.retryMs ?? 2000), io.signal);
    if (io.signal.aborted) throw new BotyardError("cancelled", "stopped; nothing was kept");
    state = await client.credentials.login({ ...target, dialogue: before.dialogue }, { signal: io.signal });
  }
  return state;
}
