import { accountOf, personOf, viewerOf } from "./access.ts";
import type { SimAccount, SimUser, World } from "./model.ts";
import { checkFormOfName, discriminatorFor, rewriteName } from "./names.ts";
import { Guard, parseBody, Refusal } from "./refusal.ts";
import { route, type Route } from "./route.ts";
import { userJson } from "./shapes.ts";

const lockMs = [60_000, 300_000, 3_600_000];

/** An account with its user, signed in. */
export function addPerson(world: World, username: string): { readonly id: string; readonly token: string } {
  const account = makeAccount(world, `${username}@yard.test`, `${username}-password`);
  makeUser(world, account.id, username);
  return { id: account.id, token: makeSession(world, account.id, "test").token };
}

export function makeAccount(world: World, email: string, password: string): SimAccount {
  const account = { id: world.id(), email, password, wrong: 0, lockedUntil: 0, totp: null, pendingTotp: null };
  world.accounts.set(account.id, account);
  return account;
}

export function makeUser(world: World, id: string, name: string, owner?: string): SimUser {
  const username = rewriteName(name);
  const user: SimUser = { _id: id, username, discriminator: discriminatorFor(world, username), owner };
  world.users.set(id, user);
  return user;
}

function makeSession(
  world: World,
  account: string,
  name: string,
): { readonly id: string; readonly token: string; readonly at: string } {
  const made = { id: world.id(), token: world.token(), at: new Date(world.now()).toISOString() };
  world.sessions.set(made.token, { id: made.id, account, name, at: made.at });
  return made;
}

/** The code a second factor accepts: fixed, for there is no clock to share. */
export const rightCode = "774670";

function signedIn(world: World, account: SimAccount, name: string): unknown {
  const { id, token, at } = makeSession(world, account.id, name);
  return { result: "Success", _id: id, user_id: account.id, token, name, last_seen: at, origin: "simulator" };
}

function logIn(world: World, text: string): unknown {
  const json = parseBody(text, {
    email: "string?",
    password: "string?",
    friendly_name: "string?",
    mfa_ticket: "string?",
    mfa_response: "object?",
  });
  const name = json.friendly_name ?? "Unknown";
  if (json.mfa_ticket !== undefined) return secondFactor(world, json.mfa_ticket, json.mfa_response, name);
  if (json.email === undefined || json.password === undefined) throw new Guard(422);
  const account = [...world.accounts.values()].find(({ email }) => email === json.email);
  if (!account) throw new Refusal(401, "InvalidCredentials");
  if (account.lockedUntil > world.now()) throw new Refusal(403, "LockedOut");
  if (account.password !== json.password) {
    account.wrong += 1;
    if (account.wrong >= 3) account.lockedUntil = world.now() + (lockMs[Math.min(account.wrong - 3, 2)] ?? 0);
    throw new Refusal(401, "InvalidCredentials");
  }
  account.wrong = 0;
  if (account.totp === null) return signedIn(world, account, name);
  const ticket = world.token();
  world.tickets.set(ticket, account.id);
  return { result: "MFA", ticket, allowed_methods: ["Totp"] };
}

function secondFactor(world: World, ticket: string, response: unknown, name: string): unknown {
  const account = world.accounts.get(world.tickets.get(ticket) ?? "");
  const given = (response ?? {}) as Readonly<Record<string, unknown>>;
  if (!account || response === undefined) throw new Refusal(401, "InvalidToken");
  if ("password" in given) throw new Refusal(400, "DisallowedMFAMethod");
  if (given["totp_code"] !== account.totp) throw new Refusal(401, "InvalidToken");
  return signedIn(world, account, name);
}

export const accountRoutes: readonly Route[] = [
  route("POST /auth/account/create", ({ world, body }) => {
    const { email, password, invite } = body({
      email: "string",
      password: "string",
      invite: "string?",
      captcha: "string?",
    });
    const [mail, secret] = [email, password];
    if (!mail.includes("@")) throw new Refusal(400, "IncorrectData", { with: "email" });
    if (world.options.inviteOnly) throw new Refusal(400, invite === undefined ? "MissingInvite" : "InvalidInvite");
    if (mail.endsWith("@example.com"))
      return new Response('{"type":"DisallowedContactSupport", "note":""}', { status: 401 });
    if (secret.length < 8) throw new Refusal(400, "ShortPassword");
    if (secret === "password123") throw new Refusal(400, "CompromisedPassword");
    if ([...world.accounts.values()].some((one) => one.email === mail)) throw new Refusal(500, "OperationFailed");
    makeAccount(world, mail, secret);
    return undefined;
  }),
  route("POST /auth/session/login", ({ world, text }) => logIn(world, text)),
  route("POST /auth/session/logout", ({ world, headers }) => {
    const { token } = accountOf(world, headers);
    world.sessions.delete(token);
    world.sent.logout(token);
  }),
  route("GET /auth/session/all", ({ world, headers }) => {
    const { id } = accountOf(world, headers);
    return [...world.sessions.values()]
      .filter(({ account }) => account === id)
      .map((one) => ({ _id: one.id, name: one.name }));
  }),
  route("DELETE /auth/session/*", ({ world, headers }) => {
    accountOf(world, headers);
    throw new Guard(401);
  }),
  route("GET /auth/account", ({ world, headers }) => {
    const { id } = accountOf(world, headers);
    return { _id: id, email: world.accounts.get(id)?.email };
  }),
  route("GET /auth/mfa", ({ world, headers }) => {
    const account = world.accounts.get(accountOf(world, headers).id);
    return account?.totp == null ? {} : { totp_mfa: true };
  }),
  route("GET /auth/mfa/methods", ({ world, headers }) => {
    const account = world.accounts.get(accountOf(world, headers).id);
    return account?.totp == null ? ["Password"] : ["Totp"];
  }),
  route("PUT /auth/mfa/ticket", ({ world, headers, body }) => {
    const { id } = accountOf(world, headers);
    if (body({ password: "string" })["password"] !== world.accounts.get(id)?.password)
      throw new Refusal(401, "InvalidCredentials");
    const token = world.token();
    world.tickets.set(token, id);
    return { _id: world.id(), account_id: id, token, validated: true, authorised: false, last_totp_code: null };
  }),
  route("POST /auth/mfa/totp", ({ world, headers }) => {
    const account = world.accounts.get(accountOf(world, headers).id);
    if (!account || world.tickets.get(headers.get("x-mfa-ticket") ?? "") !== account.id) throw new Guard(401);
    account.pendingTotp = rightCode;
    return { secret: "JSYPT3WLERE7PN6M" };
  }),
  route("PUT /auth/mfa/totp", ({ world, headers, body }) => {
    const account = world.accounts.get(accountOf(world, headers).id);
    if (!account || body({ totp_code: "string" })["totp_code"] !== account.pendingTotp)
      throw new Refusal(401, "InvalidToken");
    account.totp = account.pendingTotp;
  }),
  route("GET /onboard/hello", ({ world, headers }) => ({ onboarding: !world.users.has(accountOf(world, headers).id) })),
  route("POST /onboard/complete", ({ world, headers, body }) => {
    const { id } = accountOf(world, headers);
    if (world.users.has(id)) throw new Refusal(403, "AlreadyOnboarded");
    const { username } = body({ username: "string" });
    checkFormOfName("username", username);
    return userJson(world, makeUser(world, id, username), id);
  }),
  route("GET /users/@me", ({ world, headers }) => {
    const { id } = viewerOf(world, headers);
    const user = world.users.get(id);
    if (!user) throw new Guard(401);
    return userJson(world, user, id);
  }),
  route("PATCH /users/@me/username", ({ world, headers }) => {
    accountOf(world, headers);
    personOf(world, headers);
    throw new Guard(401);
  }),
];
