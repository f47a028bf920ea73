import { BotyardError, isBotyardError, type LoginRequest, type LoginStep } from "@botyard/sdk";
import type { State } from "./state.ts";

const fields = [
  { name: "user", title: "Name", secret: false },
  { name: "password", title: "Password", secret: true },
] as const;

/** An owner's session for a name and a password; a wrong one is asked for again. */
export async function login({ api }: State, { kind, answers }: LoginRequest, signal: AbortSignal): Promise<LoginStep> {
  if (kind !== "owner-session") {
    throw new BotyardError("unsupported", `The sandbox has a login for owner-session only, not for ${kind}.`);
  }
  const { user = "", password = "" } = answers;
  const ask = (title: string): LoginStep => ({ step: "ask", title, fields, state: {} });
  if (user === "" || password === "") return ask("Owner of the sandbox");
  try {
    const { session } = await api.openSession({ kind: "console" }, { user_name: user, password }, signal);
    return { step: "done", credential: { kind, secret: session } };
  } catch (error) {
    if (!isBotyardError(error) || error.code !== "unauthenticated") throw error;
    return ask("The name or the password is wrong; once more");
  }
}
