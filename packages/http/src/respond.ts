import type { Descriptor, InvokeResult } from "@botyard/core";
import type { Bytes } from "@botyard/sdk";

const base = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
const mediaType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w-]+=(?:[\w!#$&^.+-]+|"[^"\\\r\n]*"))*$/;

export function jsonResponse(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { "content-type": "application/json", ...base, ...headers },
  });
}

/** Of a foreign server's file: its type and name are checked, because they become headers. */
function bytesResponse({ body, type, size, name }: Bytes): Response {
  const headers = new Headers({
    ...base,
    "content-type": mediaType.test(type) ? type : "application/octet-stream",
    // Shown in a browser, foreign HTML must not be able to run as ours.
    "content-security-policy": "sandbox",
  });
  if (size !== undefined) headers.set("content-length", String(size));
  if (name !== undefined) headers.set("content-disposition", `attachment; filename*=UTF-8''${encodeName(name)}`);
  return new Response(body, { headers });
}

function encodeName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function streamResponse(body: ReadableStream<Uint8Array>): Response {
  // x-accel-buffering: a proxy that buffers would hold events back.
  return new Response(body, { headers: { ...base, "content-type": "text/event-stream", "x-accel-buffering": "no" } });
}

/** The answer to a call that came through; streams have their own. */
export function respond(descriptor: Descriptor, result: InvokeResult): Response {
  if (descriptor.output.kind === "bytes") return bytesResponse(result.value as Bytes);
  const headers: Record<string, string> = {};
  if (result.replayed) headers["idempotency-replayed"] = "true";
  if (result.location !== undefined) headers["location"] = result.location;
  return jsonResponse(result.value ?? {}, result.status, headers);
}
