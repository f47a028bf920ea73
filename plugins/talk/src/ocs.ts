import { BotyardError, type HttpResponse, type Outcome } from "@botyard/sdk";
import { isObject, numberOf, objectOf, textOf } from "./wire.ts";

/** An answer of Nextcloud, whatever form it came in. */
export interface OcsAnswer {
  readonly status: number;
  /** Of the envelope; with `ocs/v2.php` the HTTP status, but 997 for many 401 and 996, 998 for what no controller answered. */
  readonly statuscode: number | null;
  /** `""` for most failures. */
  readonly message: string;
  readonly data: unknown;
  /** `data.error`: `bot`, `room`, `message`, `reply-to`, `permission`; null without. */
  readonly reason: string | null;
  /** Whether it was an OCS envelope, in JSON or XML. */
  readonly envelope: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

const inXml = (text: string, name: string): string =>
  new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]?.trim() ?? "";

/**
 * Reads the HTTP status first, then JSON, then XML: wrong passwords, unknown routes and crashes come as XML in spite of
 * `Accept: application/json`; 405 and 304 have no body.
 */
export function readAnswer({ status, headers, json, text }: HttpResponse): OcsAnswer {
  const ocs = isObject(json) ? json["ocs"] : undefined;
  if (isObject(ocs)) {
    const meta = objectOf(ocs["meta"]);
    const reason = objectOf(ocs["data"])["error"];
    return {
      status,
      headers,
      envelope: true,
      statuscode: numberOf(meta["statuscode"]),
      message: textOf(meta["message"]),
      data: ocs["data"] ?? null,
      reason: typeof reason === "string" ? reason : null,
    };
  }
  const xml = /^\s*<\?xml[^>]*>\s*<ocs>/.test(text);
  return {
    status,
    headers,
    envelope: xml,
    statuscode: xml ? numberOf(inXml(text, "statuscode")) : null,
    message: xml ? inXml(text, "message") : textOf(objectOf(json)["message"]),
    data: xml ? null : json,
    reason: null,
  };
}

const throttleHeader = "x-nextcloud-bruteforce-throttled";

/** How long the server slept before it ran this call, in milliseconds; 0: it did not. */
export function throttledMs(headers: Readonly<Record<string, string>>): number {
  return Number.parseInt(headers[throttleHeader] ?? "0", 10) || 0;
}

const codes = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "unsupported",
  412: "forbidden",
  413: "too_large",
  429: "rate_limited",
} as const;

const sentences: Readonly<Record<number, string>> = {
  400: "Nextcloud refused the input",
  401: "Nextcloud did not accept the name and app password",
  403: "this account may not do that there",
  404: "there is no such thing, or this account may not see it",
  405: "this Nextcloud has no such call",
  412: "the lobby keeps this account out",
  413: "that is too long for this Nextcloud",
  429: "Nextcloud has blocked this address for a while",
};

export interface Failing {
  /** What was tried: `enable the bot in the room`. */
  readonly what: string;
  readonly fix?: string;
  readonly instead?: string;
  /** A better sentence where the caller knows one. */
  readonly because?: string;
  /** What a 5xx may have done; default `unknown`. */
  readonly effect?: Outcome;
}

/** An answer that is no success as an error of the table. The server's own text stays behind. */
export function failure(answer: OcsAnswer, { what, because, effect = "unknown", ...hints }: Failing): BotyardError {
  const { status, statuscode, headers } = answer;
  const upstream = { status, ...(statuscode !== null && statuscode !== status ? { code: String(statuscode) } : {}) };
  const known = codes[status as keyof typeof codes];
  if (known)
    return new BotyardError(known, `${because ?? sentences[status] ?? "refused"} (${what}, ${status})`, {
      effect: "none",
      upstream,
      ...hints,
    });
  if (status === 503 && isMaintenance(answer))
    return new BotyardError("upstream", `Nextcloud is in maintenance mode (${what}); nothing was done`, {
      effect: "none",
      retryAfterMs: (Number(headers["retry-after"]) || 30) * 1000,
      upstream,
    });
  if (status >= 300 && status < 400)
    return new BotyardError("upstream", `Nextcloud answered with a redirect (${what}, ${status}); nothing was done`, {
      effect: "none",
      upstream,
      fix: "botyard connections update <connection> --url <the address Nextcloud redirects to>",
    });
  if (status < 500)
    return new BotyardError("upstream", `what answers there is not Nextcloud Talk (${what}, ${status})`, {
      effect: status < 300 ? effect : "none",
      upstream,
    });
  return new BotyardError("upstream", `Nextcloud failed (${what}, ${status})`, { effect, upstream });
}

/** Maintenance is answered before any code of an app runs. */
function isMaintenance({ status, headers, message }: OcsAnswer): boolean {
  return status === 503 && ("x-nextcloud-maintenance-mode" in headers || /maintenance/i.test(message));
}

/** The answer's data, where its status is one of the wanted ones and it is an envelope; else throws. */
export function dataOf(answer: OcsAnswer, wanted: readonly number[], failing: Failing): unknown {
  if (wanted.includes(answer.status) && (answer.envelope || answer.status === 304)) return answer.data;
  throw failure(answer, failing);
}
