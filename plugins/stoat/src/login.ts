import { BotyardError, isBotyardError, type LoginRequest, type LoginStep } from "@botyard/sdk";
import * as api from "./api.ts";
import { anonymous, callerOf, type Context } from "./context.ts";
import type { WireLogin } from "./wire.ts";

/** Name of the session in the account's list, where it can be ended. */
const sessionName = "Botyard";

type Ask = Extract<LoginStep, { step: "ask" }>;

const credentialsStep = (title: string): Ask => ({
  step: "ask",
  title,
  fields: [
    { name: "email", title: "E-mail", secret: false },
    { name: "password", title: "Password", secret: true },
  ],
  state: { at: "password" },
});

function codeStep(title: string, ticket: string, methods: readonly string[]): Ask {
  const recovery = methods.includes("Recovery") ? " or a recovery code" : "";
  return {
    step: "ask",
    title: `${title}${recovery}`,
    fields: [{ name: "code", title: "Code", secret: true }],
    state: { at: "code", ticket, methods: [...methods] },
  };
}

/**
 * The owner's login: password, then the second factor where the account has one, then a user name where it has none
 * yet. Only the session's token is kept. A wrong answer asks again and says so.
 */
export async function login(context: Context, request: LoginRequest, signal: AbortSignal): Promise<LoginStep> {
  if (request.kind !== "owner-session")
    throw new BotyardError("unsupported", `There is no login for a ${request.kind}: bots have tokens.`, {
      instead: `botyard credentials issue ${context.host.connection.id}/<bot>`,
    });
  const { state, answers } = request;
  if (state?.["at"] === "code") return second(context, state, answers, signal);
  if (state?.["at"] === "name") return named(context, state, answers, signal);
  const { email, password } = answers;
  if (!email || !password) return credentialsStep("Account that owns the bots");
  try {
    const on = await anonymous(context, signal);
    return await next(context, await api.logIn(on, { email, password, friendly_name: sessionName }), signal);
  } catch (error) {
    return again(error, credentialsStep);
  }
}

async function second(
  context: Context,
  state: Readonly<Record<string, unknown>>,
  { code = "" }: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LoginStep> {
  const ticket = String(state["ticket"]);
  const methods = Array.isArray(state["methods"]) ? state["methods"].map(String) : [];
  const answer = code.replaceAll(/\s/g, "");
  const totp = /^\d{6}$/.test(answer) || !methods.includes("Recovery");
  try {
    const on = await anonymous(context, signal);
    const mfa_response = totp ? { totp_code: answer } : { recovery_code: code.trim() };
    return await next(
      context,
      await api.logIn(on, { mfa_ticket: ticket, mfa_response, friendly_name: sessionName }),
      signal,
    );
  } catch (error) {
    // the ticket stays good for another try
    return again(error, (title) => codeStep(title, ticket, methods));
  }
}

async function next(context: Context, answer: WireLogin, signal: AbortSignal): Promise<LoginStep> {
  if (answer.result === "MFA" && answer.ticket !== undefined)
    return codeStep("Code of the second factor", answer.ticket, answer.allowed_methods ?? []);
  if (answer.result === "Disabled") throw new BotyardError("forbidden", "The account is disabled.");
  if (answer.result !== "Success" || answer.token === undefined)
    throw new BotyardError("upstream", "The server answered a login with something unknown.", { effect: "unknown" });
  const on = await callerOf(context, { kind: "owner-session", token: answer.token }, signal);
  const { onboarding } = await api.onboarding(on);
  if (onboarding === true) return nameStep("The account has no user name yet: choose one", answer);
  return done(answer);
}

const nameStep = (title: string, { token, _id }: Pick<WireLogin, "token" | "_id">): Ask => ({
  step: "ask",
  title,
  fields: [{ name: "username", title: "User name", secret: false }],
  state: { at: "name", token, session: _id },
});

async function named(
  context: Context,
  state: Readonly<Record<string, unknown>>,
  { username = "" }: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<LoginStep> {
  const answer = {
    token: String(state["token"]),
    ...(typeof state["session"] === "string" ? { _id: state["session"] } : {}),
  };
  try {
    const on = await callerOf(context, { kind: "owner-session", token: answer.token }, signal);
    await api.completeOnboarding(on, username);
  } catch (error) {
    if (!isBotyardError(error) || error.details.upstream?.code !== "AlreadyOnboarded")
      return again(error, (title) => nameStep(title, answer));
  }
  return done(answer);
}

function done({ token, _id }: Pick<WireLogin, "token" | "_id">): LoginStep {
  const credential = { kind: "owner-session", secret: token ?? "", ...(_id === undefined ? {} : { nativeId: _id }) };
  return { step: "done", credential, note: `kept: a session named "${sessionName}" (revocable), not the password` };
}

const titles: Readonly<Record<string, string>> = {
  InvalidCredentials: "E-mail or password is wrong; try again",
  InvalidToken: "The code is wrong or has expired; try again",
  DisallowedMFAMethod: "This account has another second factor; try again",
  LockedOut: "Too many wrong passwords: the account is locked for a minute or more; try again later",
  UnverifiedAccount: "The e-mail address is not verified yet: open the link in the server's mail, then try again",
  InvalidUsername: "The server does not accept this name; choose another",
  FailedValidation: "The server does not accept this form; try again",
  UsernameTaken: "The name is taken; choose another",
};

/** What a person can mend asks again; the rest is an error. */
function again(error: unknown, ask: (title: string) => LoginStep): LoginStep {
  const title = isBotyardError(error) ? titles[error.details.upstream?.code ?? ""] : undefined;
  if (title === undefined) throw error;
  return ask(title);
}
