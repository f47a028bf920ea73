/** Keeps secrets out of what goes to logs. */
export interface Redactor {
  /**
   * Makes a secret known: it is masked wherever it turns up, as it is, percent-encoded, as JSON writes it and in Base64.
   * Values under 6 characters are not masked: they occur in ordinary text.
   */
  add(secret: string): void;
  /** Also masks what follows `Bearer` and the values of telling query parameters, known or not. */
  text(text: string): string;
  /**
   * A copy fit for a log: values under telling names (`token`, `authorization`, `clientSecret` …) masked whole, texts by
   * `text`, errors as name, message, stack and cause, bytes as their length; what lies too deep becomes `…`.
   */
  data(data: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

const mask = "[redacted]";
const minLength = 6;
const maxDepth = 8;

const tellingName =
  /^(?:.*[-_.])?(?:authorization|cookie|password|passphrase|secret|signature|token|api[-_]?key|private[-_]?key)s?$/i;
const tellingCamel = /(?:Password|Passphrase|Secret|Signature|Token|ApiKey|PrivateKey|Authorization)s?$/;
const bearer = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/g;
const queryParam = /([?&](?:access_token|token|secret|password|sig|signature)=)[^&#\s"]+/gi;

export function createRedactor(): Redactor {
  const known = new Set<string>();
  let pattern: RegExp | null = null;

  function text(value: string): string {
    const masked = value.replace(bearer, `$1 ${mask}`).replace(queryParam, `$1${mask}`);
    if (known.size === 0) return masked;
    // Longest first: one secret may begin with another, and no tail of it may stay.
    pattern ??= new RegExp(
      [...known]
        .sort((a, b) => b.length - a.length)
        .map(escapePattern)
        .join("|"),
      "g",
    );
    return masked.replace(pattern, mask);
  }

  function copy(value: unknown, above: readonly object[]): unknown {
    if (typeof value === "string") return text(value);
    if (typeof value === "bigint") return String(value);
    if (typeof value === "function" || typeof value === "symbol") return `[${typeof value}]`;
    if (typeof value !== "object" || value === null) return value;
    if (above.length > maxDepth || above.includes(value)) return "…";
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
    if (value instanceof URL) return text(value.href);
    const inside = (part: unknown): unknown => copy(part, [...above, value]);
    if (Array.isArray(value)) return value.map(inside);
    if (value instanceof Map || value instanceof Set) return [...value].map(inside);
    return Object.fromEntries(
      Object.entries({ ...errorParts(value), ...value }).map(([name, part]) => [
        text(name),
        isTelling(name) && typeof part !== "boolean" && part !== null && part !== undefined ? mask : inside(part),
      ]),
    );
  }

  return {
    add(secret) {
      // Told again at each use, and each new one makes the pattern anew.
      if (secret.length < minLength || known.has(secret)) return;
      const base64 = Buffer.from(secret).toString("base64");
      const forms = [
        secret,
        encodeURIComponent(secret),
        JSON.stringify(secret).slice(1, -1),
        base64,
        base64.replace(/=+$/, ""),
      ];
      for (const form of forms) known.add(form);
      pattern = null;
    },
    text,
    data: (data) => copy(data, []) as Record<string, unknown>,
  };
}

/** What of an error is not enumerable. */
function errorParts(value: object): Record<string, unknown> {
  if (!(value instanceof Error)) return {};
  const { name, message, stack, cause } = value;
  return { name, message, stack, ...(cause === undefined ? {} : { cause }) };
}

function isTelling(name: string): boolean {
  return tellingName.test(name) || tellingCamel.test(name);
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
