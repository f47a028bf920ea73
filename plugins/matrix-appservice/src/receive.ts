import { timingSafeEqual } from "node:crypto";
import type { EventDraft, HookRequest, HookResponse, Receive } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { decodeEdu, withoutPrivate } from "./decode-edu.ts";
import { createDrafting } from "./drafting.ts";
import { takesNext } from "./rotation.ts";
import { answerQuery, answerThirdParty } from "./queries.ts";
import { readFacts } from "./rooms.ts";
import { planTransaction, readTransaction, type Transaction } from "./transactions.ts";
import { appBase, isObject, type WireEdu, type WireEvent } from "./wire.ts";

/** A transaction holds up to 100 events of 64 KiB, and a refused one is repeated for ever. */
export const maxBodyBytes = 50 * 1024 * 1024;

const json = (status: number, body: Readonly<Record<string, unknown>>): HookResponse => ({ status, json: body });
const ok = json(200, {});
const refusal = (status: number, errcode: string, error: string): HookResponse => json(status, { errcode, error });

/** Answers what a homeserver asks of an application service. @see https://spec.matrix.org/v1.19/application-service-api/#server-admin-style-permissions */
export function createHttpReceiver(context: Context): NonNullable<Receive["http"]> {
  const transactions = createTransactions(context);
  return async (request) => {
    const route = routeOf(request.path);
    if (route === undefined) return refusal(404, "M_UNRECOGNIZED", "Unrecognized request");
    const refused = await authorize(context, request);
    if (refused !== undefined) return refused;
    if (request.method !== route.method) return refusal(405, "M_UNRECOGNIZED", "Unrecognized request");
    switch (route.kind) {
      case "transactions": {
        const body = readBody(request);
        if (body === undefined) return refusal(400, "M_NOT_JSON", "Content not JSON.");
        if (!isObject(body)) return refusal(400, "M_BAD_JSON", "Content must be a JSON object.");
        return transactions(route.name, body, request.body);
      }
      case "ping":
        return readBody(request) === undefined ? refusal(400, "M_NOT_JSON", "Content not JSON.") : ok;
      case "users":
      case "rooms":
        return (await answerQuery(context, route.kind, route.name)) ? ok : refusal(404, "M_NOT_FOUND", "Not found");
      case "thirdparty": {
        const found = await answerThirdParty(context, route.name, route.more, request.query);
        return found === undefined ? refusal(404, "M_NOT_FOUND", "Not found") : { status: 200, json: found };
      }
    }
  };
}

type Kind = "transactions" | "ping" | "users" | "rooms" | "thirdparty";

interface Route {
  readonly kind: Kind;
  readonly method: "PUT" | "POST" | "GET";
  /** Transaction id, user id, alias, or what a third-party lookup is for. */
  readonly name: string;
  /** Protocol of a third-party lookup. */
  readonly more?: string;
}

/** Old homeservers leave the base away. */
function routeOf(path: string): Route | undefined {
  const rest = path.startsWith(`${appBase}/`) ? path.slice(appBase.length) : path;
  const [, first = "", second, ...more] = rest.split("/");
  if (first === "ping" && second === undefined) return { kind: "ping", method: "POST", name: "" };
  if (first === "thirdparty" && second !== undefined) return thirdPartyRoute(second, more);
  const method = first === "transactions" ? "PUT" : first === "users" || first === "rooms" ? "GET" : undefined;
  if (method === undefined || second === undefined || second === "" || more.length > 0) return undefined;
  try {
    return { kind: first as Kind, method, name: decodeURIComponent(second) };
  } catch {
    return undefined;
  }
}

function thirdPartyRoute(kind: string, [protocol, ...more]: readonly string[]): Route | undefined {
  const named = protocol !== undefined && protocol !== "";
  const known = kind === "user" || kind === "location" || (kind === "protocol" && named);
  if (!known || more.length > 0) return undefined;
  try {
    const decoded = named ? { more: decodeURIComponent(protocol) } : {};
    return { kind: "thirdparty", method: "GET", name: kind, ...decoded };
  } catch {
    return undefined;
  }
}

/** Takes as long whatever the text is; only its length can be told. */
function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

/** The token is looked at before the body. @see https://spec.matrix.org/v1.19/application-service-api/#authorization */
async function authorize(context: Context, request: HookRequest): Promise<HookResponse | undefined> {
  const [scheme, header] = (request.headers["authorization"] ?? "").split(" ");
  const bearer = scheme?.toLowerCase() === "bearer" ? header : undefined;
  const query = request.query["access_token"];
  if (bearer === undefined && query === undefined) return refusal(401, "M_MISSING_TOKEN", "Missing access token");
  const matches = (wanted: string): boolean =>
    [bearer, query].every((token) => token === undefined || same(token, wanted));
  const wanted = await context.host.credentials.find({ kind: "hs-token" });
  const good = (wanted !== null && matches(wanted.secret)) || (await takesNext(context, matches));
  if (!good) context.refused.count += 1;
  return good ? undefined : refusal(403, "M_FORBIDDEN", "Bad token supplied");
}

const utf8 = new TextDecoder();

function readBody(request: HookRequest): unknown {
  try {
    return JSON.parse(utf8.decode(request.body)) as unknown;
  } catch {
    return undefined;
  }
}

/** Keys of handled transactions held in memory: spares work; the log itself knows each event by its id. */
const keptKeys = 1000;

type Transactions = (txnId: string, body: Readonly<Record<string, unknown>>, raw: Uint8Array) => Promise<HookResponse>;

function createTransactions(context: Context): Transactions {
  const handled = new Map<string, Promise<void>>();
  const refreshing = new Set<string>();

  const typing = new Map<string, ReadonlySet<string>>();

  async function commit(
    txnId: string,
    events: readonly WireEvent[],
    { ephemeral, odd }: Pick<Transaction, "ephemeral" | "odd">,
    raw: Uint8Array,
  ): Promise<void> {
    const { owns } = await context.identity();
    const kept = odd.length > 0;
    await context.memory.taking(() => learnAndStore(txnId, events, ephemeral, { raw, kept }, owns));
    for (const room of new Set(events.map((event) => event.room_id))) refresh(room);
  }

  async function learnAndStore(
    txnId: string,
    events: readonly WireEvent[],
    edus: readonly WireEdu[],
    // Kept also where it tells nothing yet: a later version may read what this one skips.
    { raw, kept }: { readonly raw: Uint8Array; readonly kept: boolean },
    owns: (user: string) => boolean,
  ): Promise<{ readonly stored: Promise<void> }> {
    const drafting = createDrafting(context, owns);
    const drafts: EventDraft[] = [];
    for (const event of events) drafts.push(await drafting.draft(event));
    if (context.host.connection.settings.ephemeral !== false)
      for (const edu of edus) drafts.push(...decodeEdu(edu, { owns, typing, nowMs: context.host.clock.now() }));
    if (drafts.length === 0 && !kept) return { stored: Promise.resolve() };
    const { pending } = drafting;
    const stored = context.host.commit(
      {
        via: "transaction",
        id: txnId,
        raw: edus.some(({ type }) => type === "m.receipt") ? withoutPrivate(raw) : raw,
        events: drafts,
      },
      { put: Object.fromEntries(pending) },
    );
    // The next transaction builds on it, and reaches the disk after it.
    context.memory.keep(pending);
    return {
      stored: stored.then(
        () => {},
        (error: unknown) => {
          context.memory.drop(pending);
          throw error;
        },
      ),
    };
  }

  /** A room we were let into has told us nothing of itself: it is asked, after the answer to the homeserver. */
  function refresh(room: string): void {
    if (refreshing.has(room)) return;
    refreshing.add(room);
    void lookAt(context, room)
      .catch((error: unknown) => context.host.log.debug("a room could not be looked at", { room, error }))
      .finally(() => refreshing.delete(room));
  }

  return async (txnId, body, raw) => {
    const transaction = readTransaction(txnId, body);
    for (const { reason } of transaction.odd)
      context.host.log.warn("an entry of a transaction was skipped", { transaction: txnId, reason });
    const { key } = transaction;
    // Two equal requests at once share one commit.
    const known = handled.get(key);
    if (known !== undefined) {
      await known;
      return ok;
    }
    const { fresh } = planTransaction(transaction, { transaction: () => false, event: () => false });
    const done = commit(txnId, fresh, transaction, raw);
    handled.set(key, done);
    try {
      await done;
    } catch (error) {
      handled.delete(key);
      context.host.log.error("a transaction could not be stored; the homeserver will send it again", {
        transaction: txnId,
        error,
      });
      return refusal(500, "M_UNKNOWN", "The transaction could not be stored");
    }
    context.taken.atMs = context.host.clock.now();
    const [oldest] = handled.keys();
    if (handled.size > keptKeys && oldest !== undefined) handled.delete(oldest);
    return ok;
  };
}

async function lookAt(context: Context, room: string): Promise<void> {
  const facts = await context.memory.facts(room);
  if (facts?.space !== undefined) return;
  const [user] = await context.memory.joinedTo(room);
  if (user !== undefined) await readFacts(context, await context.caller(user), room);
}
