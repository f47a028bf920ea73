import { BotyardError, type BotTarget, type StepDraft } from "@botyard/sdk";
import { byUrl, generationOf, isAuthor, onState, serverBots, urlOf } from "./bots.ts";
import type { Installing } from "./occ.ts";
import { newSecret } from "./signature.ts";
import { hookUrl, kinds, type State } from "./state.ts";
import { installStep, reinstallStep, secondStep } from "./steps.ts";
import { hasReactions } from "./version.ts";
import { featuresOf, type Feature } from "./wire.ts";

const bytes = (text: string): number => new TextEncoder().encode(text).byteLength;

/** All a bot needs here; reactions came with Talk 21. */
export function allFeatures(state: State): readonly Feature[] {
  return hasReactions(state.memory.server().talk) ? ["webhook", "response", "reaction"] : ["webhook", "response"];
}

/** What `occ talk:bot:install` would refuse, said before a person runs it. Throws `invalid`, `too_large`. */
function checkInstalling({ name, description, url }: Installing): void {
  const refuse = (code: "invalid" | "too_large", path: string, expected: string): never => {
    throw new BotyardError(code, `Talk takes no bot with such a ${path}; nothing was done`, {
      issues: [{ path, expected }],
    });
  };
  if (name.trim() === "" || /[\u0000-\u001f\u007f]/.test(name))
    refuse("invalid", "displayName", "1 to 64 bytes without control characters");
  if (bytes(name) > 64) refuse("too_large", "displayName", "at most 64 bytes");
  if (description !== null && bytes(description) > 4000) refuse("too_large", "description", "at most 4000 bytes");
  if (description !== null && /\u0000/.test(description))
    refuse("invalid", "description", "text without control characters");
  if (!/^https?:\/\//.test(url) || bytes(url) > 4000) refuse("invalid", "url", "an address of at most 4000 bytes");
}

/** The first installation of a bot. Throws `conflict` where the server has one under its address. */
export async function install(
  state: State,
  bot: Pick<BotTarget, "handle" | "displayName" | "description" | "generation">,
  options: { readonly features?: readonly Feature[] | undefined; readonly noSetup?: boolean | undefined },
  secret: string,
): Promise<{ readonly step: StepDraft; readonly url: string }> {
  const url = hookUrl(state, bot.handle, bot.generation);
  const installing: Installing = {
    name: bot.displayName ?? bot.handle,
    description: bot.description,
    secret,
    url,
    features: options.features ?? allFeatures(state),
    noSetup: options.noSetup ?? false,
  };
  checkInstalling(installing);
  const there = await serverBots(state).then(
    (bots) => bots && byUrl(bots, url),
    // Whether the server answers does not matter for writing a line.
    () => null,
  );
  if (there)
    throw new BotyardError("conflict", `the server has a bot "${there.name}" at ${url} already; nothing was done`, {
      fix: `botyard bots adopt ${state.host.connection.id}/${bot.handle} --native-id bots/bot-${there.url_hash}`,
      instead: state.occ.uninstall({ id: there.id, url }),
    });
  return { step: installStep(state, installing, bot.generation), url };
}

export interface Again {
  readonly strategy: "keep-identity" | "no-gap";
  readonly why: string;
  readonly displayName?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly features?: readonly Feature[] | undefined;
}

/**
 * Installs a bot again with a new secret, which waits sealed as `bot-secret-next` until that is seen. One that is not
 * installed is installed.
 */
export async function installAgain(state: State, bot: BotTarget, again: Again): Promise<StepDraft> {
  const { host, memory } = state;
  const secret = newSecret();
  const displayName = again.displayName === undefined ? bot.displayName : again.displayName;
  const description = again.description === undefined ? bot.description : again.description;
  const bots = await serverBots(state).catch(() => null);
  const found = bots?.find((one) => isAuthor(one, bot.nativeId));
  const asked = memory.asked(bot.handle);
  const known = found ? featuresOf(found.features).filter((name) => name !== "event") : [];
  const oldUrl = found?.url ?? urlOf(state, bot);
  // The address makes the author: it stays as it is, where it is one of ours.
  const generation = generationOf(state, bot.handle, oldUrl) ?? bot.generation;
  const next = again.strategy === "no-gap" ? Math.max(generation, bot.generation) + 1 : generation;
  const installing: Installing = {
    name: displayName ?? bot.handle,
    description,
    secret,
    url: hookUrl(state, bot.handle, next),
    // What was asked for, where nobody may ask the server: a new installation gives no rights that nobody wanted.
    features: again.features ?? (known.length > 0 ? known : (asked.features ?? allFeatures(state))),
    noSetup: onState(found ?? asked) === "no-setup",
  };
  checkInstalling(installing);
  // Not there, as far as can be seen: nothing signs with an old secret that a new one could break.
  if (bot.nativeId === null || (bots && !found)) {
    await host.credentials.put({ kind: kinds.secret, secret, bot: bot.handle });
    const url = hookUrl(state, bot.handle, bot.generation);
    return installStep(state, { ...installing, url }, bot.generation);
  }
  await host.credentials.put({ kind: kinds.next, secret, bot: bot.handle });
  if (again.strategy === "no-gap") return secondStep(state, installing, next);
  const id = found?.id ?? null;
  if (id !== null) await memory.keepPending(bot.handle, { id, url: oldUrl });
  return reinstallStep(state, installing, { id, oldUrl, generation }, again.why);
}
