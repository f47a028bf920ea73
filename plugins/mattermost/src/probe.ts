import {
  BotyardError,
  isBotyardError,
  type Capability,
  type Check,
  type ProbeReport,
  type StepDraft,
} from "@botyard/sdk";
import * as api from "./api.ts";
import { accountsOf, toNativeBot } from "./bots.ts";
import { capabilities, defaultMaxRunes, mostParts, pictureInstead } from "./capabilities.ts";
import type { Context } from "./context.ts";
import { orUndefined, refusedWith, toRequest, type Caller } from "./request.ts";
import type { BotNative } from "./settings.ts";
import { botCreationStep, missingPermissions, permissionStep } from "./steps.ts";
import { narrowedBy, switchChecks } from "./switches.ts";
import { isMissingEndpoint } from "./tokens.ts";
import { errorIds, type WireUser } from "./wire.ts";

/** Looks at the server: reachable, signed in, what it allows, how the bots are. Passive: it changes nothing. */
export async function probe(context: Context, signal: AbortSignal): Promise<ProbeReport> {
  const { host } = context;
  const anonymous = context.anonymous(signal);
  const skew = await reach(context, anonymous);
  const on = await context.admin(signal);
  const admin = await api.getUser(on, "me").catch((error: unknown) => {
    throw isBotyardError(error) && error.code === "unauthenticated" ? adminRefused(context, error) : error;
  });
  const config = await api.clientConfig(on);
  const version = config["Version"] ?? null;
  await learnFeatures(context, on, admin, config);
  for (const look of context.recheck.values()) await look();
  const missing = await missingPermissions(context, signal);
  const steps: StepDraft[] = [];
  if (config["EnableBotAccountCreation"] === "false") steps.push(botCreationStep(context.url));
  if (missing.length > 0) steps.push(permissionStep(context.url, admin.username, missing));
  const checks: Check[] = [
    { name: "server", state: "ok", detail: `Mattermost ${version ?? "of unknown version"} · clock ${skewText(skew)}` },
    {
      name: "signed in",
      state: admin.is_bot === true ? "warn" : "ok",
      detail: `signed in as ${admin.username} (${admin.roles.replaceAll(" ", ", ")})${admin.is_bot === true ? ": a bot can never make bots" : ""}`,
    },
    ...(await checkBots(context, on, signal)),
    ...checkSettings(config, skew),
    ...switchChecks(config),
    ...(await checkTokenDays(context, on)),
    {
      name: "admin token",
      state: "info",
      detail: "used for bots, credentials, memberships and integrations; never to read or write messages",
    },
  ];
  host.log.debug("probed", { version, icons: context.features.icons, rotate: context.features.rotate });
  return {
    server: { name: "Mattermost", version },
    checks,
    continuity: "proven",
    narrow: { ...narrow(context), ...narrowedBy(config) },
    steps,
  };
}

/** Milliseconds the server's clock is ahead; null where it does not say. */
async function reach(context: Context, on: Caller): Promise<number | null> {
  const response = await on.http.request(toRequest(on, { method: "GET", path: "/system/ping" }));
  const { status } = (response.json ?? {}) as { readonly status?: unknown };
  if (response.status === 429)
    throw new BotyardError("rate_limited", "Mattermost limits requests of this address", { retryAfterMs: 1_000 });
  if (response.status !== 200 || status !== "OK")
    throw new BotyardError(
      "upstream",
      `what answers at ${context.url} is not Mattermost, or it is not well (${response.status})`,
      {
        upstream: { status: response.status },
        fix: `botyard connections update ${context.host.connection.id} --url https://…`,
      },
    );
  return context.serverClock.aheadMs;
}

const skewText = (ms: number | null): string =>
  ms === null ? "unknown" : `${ms < 0 ? "" : "+"}${(ms / 1000).toFixed(1)} s`;

function adminRefused({ host }: Context, cause: unknown): BotyardError {
  return new BotyardError(
    "unauthenticated",
    "Mattermost refused the admin token: it was revoked, its account is deactivated, or personal access tokens were switched off",
    {
      upstream: { status: 401, code: errorIds.sessionExpired },
      fix: `botyard credentials import ${host.connection.id} admin-token --secret -`,
      cause,
    },
  );
}

/** By asking, not by version: endpoints that are missing answer with an id of their own. */
async function learnFeatures(
  context: Context,
  on: Caller,
  admin: WireUser,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  const { features } = context;
  features.maxRunes = Number(config["MaxPostSize"]) || defaultMaxRunes;
  features.maxFileBytes = Number(config["MaxFileSize"]) || null;
  features.icons = await exists(api.download(on, api.iconPath(admin.id)).then(({ bytes }) => bytes.body.cancel()));
  features.rotate = await exists(api.rotateToken(on, ""));
}

/** Whether the endpoint is there, whatever it answers to this. */
async function exists(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (isMissingEndpoint(error)) return false;
    if (refusedWith(error)) return true;
    if (isBotyardError(error) && error.details.upstream?.code !== undefined) return true;
    throw error;
  }
}

function narrow({ features, host }: Context): Record<string, Capability> {
  const { longMessages } = host.connection.settings;
  const most = features.maxRunes * (longMessages === "split" ? mostParts : 1);
  const text = (max: number) => ({ text: { max, unit: "codepoints" as const } });
  const send = capabilities["messages.send"];
  return {
    "messages.send": { ...send, limits: { ...send.limits, ...text(most) } },
    "messages.update": { ...capabilities["messages.update"], limits: text(features.maxRunes) },
    ...(features.icons
      ? {}
      : Object.fromEntries(["get", "set", "delete"].map((verb) => [`bots.${verb}-icon`, pictureInstead]))),
    ...(features.rotate
      ? {}
      : {
          "credentials.rotate": {
            ...capabilities["credentials.rotate"],
            support: "emulated",
            reason: "no-rotation",
            detail:
              "This server has no rotation of tokens (documented for 11.10): a new one is issued, the socket moves to it, then the old one is revoked.",
          } as const,
        }),
  };
}

function checkSettings(config: Readonly<Record<string, string>>, skew: number | null): Check[] {
  const checks: Check[] = [];
  if (config["EnableBotAccountCreation"] === "false")
    checks.push({
      name: "bot creation",
      state: "warn",
      detail: "bot creation is off on this server: bots.create is blocked; bots that exist go on working",
      fix: "mmctl config set ServiceSettings.EnableBotAccountCreation true",
    });
  if (config["EnableUserAccessTokens"] === "false")
    checks.push({
      name: "access tokens",
      state: "warn",
      detail: "personal access tokens are off: the admin token is a session that ends; bot tokens are not concerned",
      fix: "mmctl config set ServiceSettings.EnableUserAccessTokens true",
    });
  if (skew !== null && Math.abs(skew) > 30_000)
    checks.push({ name: "clock", state: "warn", detail: `the server's clock differs by ${skewText(skew)}` });
  return checks;
}

/** Whether the wish that tokens end is heard: shown by a token of ours, never by the version. */
async function checkTokenDays(context: Context, on: Caller): Promise<Check[]> {
  const { tokenDays } = context.host.connection.settings;
  if (tokenDays === undefined) return [];
  for (const { handle } of await context.host.bots.list()) {
    const kept = await context.botToken(handle);
    const token = kept?.nativeId ? await orUndefined(api.getToken(on, kept.nativeId)) : undefined;
    if (token === undefined) continue;
    return token.expires_at === undefined
      ? [{ name: "token expiry", state: "warn", detail: "this server ignores tokenDays: tokens never end" }]
      : [{ name: "token expiry", state: "ok", detail: `issued tokens end after ${tokenDays} days` }];
  }
  const detail = "tokenDays is documented for Mattermost 11.9 and not seen running; the first token will tell";
  return [{ name: "token expiry", state: "info", detail }];
}

/** Owners, and both rows of each managed bot. */
async function checkBots(context: Context, on: Caller, signal: AbortSignal): Promise<Check[]> {
  const { host } = context;
  const checks: Check[] = [];
  for (const bot of await host.bots.list()) {
    if (signal.aborted || bot.nativeId === null) continue;
    const name = `${host.connection.id}/${bot.handle}`;
    const row = await orUndefined(api.getBot(on, bot.nativeId));
    if (row === undefined) {
      checks.push({
        name,
        state: "warn",
        detail: "the server has no such bot any more",
        fix: `botyard bots release ${name}`,
      });
      continue;
    }
    const { native, enabled } = toNativeBot(row, await accountsOf(on, [row]));
    const { owner } = native as unknown as BotNative;
    if (!enabled && bot.enabled) {
      const reason =
        owner === "deactivated"
          ? "its owner was deactivated, and the server disabled it (DisableBotsWhenOwnerIsDeactivated)"
          : "it is disabled on the server";
      checks.push({ name, state: "warn", detail: reason, fix: `botyard bots enable ${name}` });
      host.report(
        { kind: "bot", bot: bot.handle },
        { state: "disabled", reason, remedy: `botyard bots enable ${name}` },
      );
    }
    const wrong: Partial<Record<BotNative["owner"], string>> = {
      self: "it owns itself: disabling it outside of Botyard would send the server into an endless loop",
      unknown: "its owner is a plugin, or no user of this server",
      deactivated: "its owner is deactivated",
    };
    // That the server disabled it with its owner has been said.
    const detail = !enabled && owner === "deactivated" && bot.enabled ? undefined : wrong[owner];
    if (detail !== undefined) checks.push({ name, state: "warn", detail, fix: `botyard bots assign ${name} <user>` });
  }
  return checks;
}
