import { BotyardError, type Call, type CredentialDraft } from "@botyard/sdk";
import * as api from "./api.ts";
import { botIdOf, issueLine, type Context } from "./context.ts";
import { refusedWith, type Caller } from "./request.ts";
import { errorIds, type WireToken } from "./wire.ts";

/** A token that was replaced and waits for its end: by handle, so that a restart finds it. */
export interface Retiring {
  readonly old: string;
  readonly fresh: string;
}

export const retiringKey = (handle: string): string => `retiring/${handle}`;

const dayMs = 86_400_000;

export function expiryOf({ host }: Context): number | undefined {
  const { tokenDays } = host.connection.settings;
  return tokenDays === undefined ? undefined : host.clock.now() + tokenDays * dayMs;
}

/** Makes a token. An end that the server ignored is said, not believed. */
export async function issueToken(context: Context, on: Caller, bot: string, handle: string): Promise<CredentialDraft> {
  const expiresAt = expiryOf(context);
  const made = await api.createToken(
    on,
    bot,
    `Botyard ${context.host.connection.id}/${handle}`.slice(0, 255),
    expiresAt,
  );
  return toDraft(context, made, expiresAt);
}

export function toDraft({ host }: Context, made: WireToken, wanted: number | undefined): CredentialDraft {
  if (made.token === undefined)
    throw new BotyardError("upstream", "Mattermost made a token and did not show it", { effect: "applied" });
  if (wanted !== undefined && made.expires_at === undefined)
    host.log.warn("this server ignores tokenDays: the token never ends", { token: made.id });
  return {
    kind: "bot-token",
    secret: made.token,
    nativeId: made.id,
    expiresAt: made.expires_at ? new Date(made.expires_at).toISOString() : null,
  };
}

/**
 * The server's id of the token a bot acts with. One that was brought from elsewhere has none with us: it is known only
 * where the bot has a single active one.
 */
export async function tokenIdOf(context: Context, on: Caller, call: Call): Promise<string> {
  const handle = call.bot?.handle ?? "";
  const kept = await context.botToken(handle);
  if (kept?.nativeId) return kept.nativeId;
  const tokens = await allTokens(on, botIdOf(call));
  const [only] = tokens;
  if (kept !== null && only !== undefined && tokens.length === 1) return only.id;
  throw new BotyardError(
    "conflict",
    kept === null
      ? `no token is kept for ${handle}`
      : `${handle} has ${tokens.length} tokens on the server, and it cannot be told which one was imported`,
    { fix: issueLine(context.host, handle) },
  );
}

export async function allTokens(on: Caller, bot: string): Promise<readonly WireToken[]> {
  const all: WireToken[] = [];
  for (let page = 0; ; page += 1) {
    const found = await api.listTokens(on, bot, page);
    all.push(...found);
    if (found.length < api.pageSize) return all;
  }
}

/** Revokes one that may be gone already. */
export async function endToken(on: Caller, token: string): Promise<void> {
  await api.switchToken(on, "revoke", token).catch((error: unknown) => {
    if (!refusedWith(error, "app.user_access_token.get_by_user.app_error")) throw error;
  });
}

/** Moves a bot's socket to a secret that replaced another at once, as soon as it is sealed. */
export async function moveTo(context: Context, handle: string, secret: string): Promise<void> {
  const { host } = context;
  for (let left = 100; (await context.botToken(handle))?.secret !== secret; left -= 1) {
    if (left === 0) return;
    await host.clock.sleep(100, host.signal);
  }
  await context.switchTo.get(handle)?.();
}

/**
 * Ends a replaced token once the new one is sealed and the bot's socket hears with it; until then both work. Kept in the
 * store: after a restart the next socket goes on with it.
 */
export async function retire(context: Context, handle: string): Promise<void> {
  const { host } = context;
  const waiting = (await host.store.get(retiringKey(handle))) as Retiring | null | undefined;
  if (!waiting) return;
  const sealed = async (): Promise<boolean> => (await context.botToken(handle))?.nativeId === waiting.fresh;
  for (let left = 100; !(await sealed()); left -= 1) {
    if (left === 0) return;
    await host.clock.sleep(100, host.signal);
  }
  await context.switchTo.get(handle)?.();
  await endToken(await context.admin(), waiting.old);
  await host.store.put({ [retiringKey(handle)]: null });
}

export function isMissingEndpoint(error: unknown): boolean {
  return refusedWith(error, errorIds.noEndpoint);
}
