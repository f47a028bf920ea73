import {
  type AnyOperation,
  BotyardError,
  type Bytes,
  isBytesOutput,
  isStreamOutput,
  operations as table,
} from "@botyard/sdk";
import { fromProblem } from "./problem.ts";
import { buildRequest } from "./request.ts";
import { resuming } from "./resume.ts";
import type { CallOptions, Transport } from "./transport.ts";

export interface HttpTransportOptions {
  /** Address of the service, with a path before `/v1` where a proxy adds one: `http://127.0.0.1:8470`. */
  readonly url: string;
  readonly key: string;
  /** Further operations by name: a platform's native ones. */
  readonly operations?: Readonly<Record<string, AnyOperation>>;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** A stream without a sign of life for this long is opened again; the service sends one every 25 s. Default 60 000. */
  readonly idleMs?: number;
}

function causeCode(error: unknown): string {
  for (let at: unknown = error; typeof at === "object" && at !== null; at = (at as { cause?: unknown }).cause) {
    const { code, message } = at as { code?: unknown; message?: unknown };
    if (typeof code === "string" && /refused|notfound/i.test(code)) return "refused";
    if (typeof message === "string" && /refused|ENOTFOUND|dns error/i.test(message)) return "refused";
  }
  return "";
}

/** What went wrong before there was an answer. Whether a write got through cannot be told, unless nobody listened. */
function lost(error: unknown, url: string, operation: AnyOperation, signal: AbortSignal | undefined): BotyardError {
  const refused = causeCode(error) === "refused";
  const effect = operation.effect === "read" || refused ? "none" : "unknown";
  if (signal?.aborted) return new BotyardError("cancelled", "the call was cancelled", { effect, cause: error });
  const why = refused ? "nobody listens there" : "the connection broke before the answer";
  return new BotyardError("unreachable", `no answer from the Botyard service at ${url}: ${why}`, {
    effect,
    cause: error,
    ...(refused ? { fix: "botyard serve" } : {}),
  });
}

async function refusal(response: Response, url: string): Promise<BotyardError> {
  const text = await response.text().catch(() => "");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = null;
  }
  return (
    fromProblem(body) ??
    new BotyardError("upstream", `${url} answered ${response.status} and not as a Botyard service does`, {
      effect: "unknown",
      upstream: { status: response.status },
    })
  );
}

/**
 * Calls a Botyard service over HTTP. Requests are built from the operations' own routes. Nothing is repeated by itself
 * but streams, which go on where they were.
 */
export function httpTransport(options: HttpTransportOptions): Transport {
  const url = options.url.replace(/\/+$/, "");
  const send = options.fetch ?? ((target, init) => fetch(target, init));
  const all: Readonly<Record<string, AnyOperation>> = { ...table, ...options.operations };

  async function request(
    operation: AnyOperation,
    input: Readonly<Record<string, unknown>>,
    { signal, idempotencyKey }: CallOptions,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> {
    const built = buildRequest(operation, input);
    const init: RequestInit & { duplex?: "half" } = {
      method: built.method,
      headers: {
        authorization: `Bearer ${options.key}`,
        ...built.headers,
        ...headers,
        ...(idempotencyKey ? { "idempotency-key": idempotencyKey } : {}),
      },
      redirect: "error",
      ...(built.body === null ? {} : { body: built.body, duplex: "half" }),
      ...(signal ? { signal } : {}),
    };
    let response: Response;
    try {
      response = await send(url + built.path, init);
    } catch (error) {
      throw lost(error, url, operation, signal);
    }
    if (!response.ok) throw await refusal(response, url);
    return response;
  }

  async function answer(
    operation: AnyOperation,
    input: Readonly<Record<string, unknown>>,
    call: CallOptions,
  ): Promise<unknown> {
    const response = await request(operation, input, call);
    if (isBytesOutput(operation.output)) return bytesOf(response);
    try {
      return await response.json();
    } catch (error) {
      throw lost(error, url, operation, call.signal);
    }
  }

  return {
    call(name, input, call) {
      const operation = all[name];
      if (!operation) throw new BotyardError("invalid", `there is no operation ${name}`);
      if (!isStreamOutput(operation.output)) return answer(operation, input, call);
      return resuming({
        idleMs: options.idleMs ?? 60_000,
        signal: call.signal,
        open: (lastId, signal) =>
          request(
            operation,
            input,
            { signal },
            { accept: "text/event-stream", ...(lastId === null ? {} : { "last-event-id": lastId }) },
          ),
      });
    },
  };
}

function bytesOf(response: Response): Bytes {
  const size = response.headers.get("content-length");
  const name = /filename\*=UTF-8''([^;]+)/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
  return {
    body: response.body ?? new Blob([]).stream(),
    type: response.headers.get("content-type") ?? "application/octet-stream",
    ...(size === null ? {} : { size: Number(size) }),
    ...(name === undefined ? {} : { name: decodeURIComponent(name) }),
  };
}
