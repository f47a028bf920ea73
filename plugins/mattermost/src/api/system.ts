import { call, isSuccess, toError, toRequest, type Caller } from "../request.ts";
import { path } from "../path.ts";
import type { Bytes, HttpStreamResponse } from "@botyard/sdk";
import type { WireStatusOk } from "../wire.ts";

/** Without a session. */
export const ping = ({ token: _, ...on }: Caller): Promise<WireStatusOk> =>
  call(on, { method: "GET", path: "/system/ping", query: { get_server_status: true } });

/** All values are texts. `format=old`: servers before 11 answer 501 without it. */
export const clientConfig = (on: Caller): Promise<Readonly<Record<string, string>>> =>
  call(on, { method: "GET", path: "/config/client", query: { format: "old" } });

/** Changes settings that no environment variable forces. Needs manage_system. */
export const patchConfig = (on: Caller, patch: Readonly<Record<string, unknown>>): Promise<unknown> =>
  call(on, { method: "PUT", path: "/config/patch", json: patch });

/** For the account's picture, in every version; `image` takes PNG, JPEG, GIF, BMP and WebP. */
export const imagePath = (user: string): string => path`/users/${user}/image`;
/** Servers 5.14 to 5.39; `image` takes SVG only. */
export const iconPath = (bot: string): string => path`/bots/${bot}/icon`;

/** Multipart with one field `image`. The picture is held in memory: pictures are small. */
export async function putPicture(on: Caller, where: string, picture: Uint8Array, type: string): Promise<void> {
  const boundary = `botyard-${crypto.randomUUID()}`;
  const name = type === "image/svg+xml" ? "icon.svg" : "picture";
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="image"; filename="${name}"\r\ncontent-type: ${type}\r\n\r\n`;
  const parts = [new TextEncoder().encode(head), picture, new TextEncoder().encode(`\r\n--${boundary}--\r\n`)];
  const body = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.byteLength;
  }
  await call(on, {
    method: "POST",
    path: where,
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body,
  });
}

export const deletePicture = (on: Caller, where: string): Promise<WireStatusOk> =>
  call(on, { method: "DELETE", path: where });

/** Bytes of a file or picture; the caller reads or cancels them. */
export async function download(
  on: Caller,
  where: string,
): Promise<{ readonly bytes: Bytes; readonly etag: string | null }> {
  const response = await on.http.stream(toRequest(on, { method: "GET", path: where }));
  if (!isSuccess(response.status)) throw toError("GET", await whole(response));
  const size = Number(response.headers["content-length"]);
  return {
    bytes: {
      body: response.body,
      type: (response.headers["content-type"] ?? "application/octet-stream").split(";")[0] ?? "",
      ...(Number.isInteger(size) && response.headers["content-length"] !== undefined ? { size } : {}),
    },
    etag: response.headers["etag"] ?? null,
  };
}

async function whole({ status, headers, body }: HttpStreamResponse): Promise<Parameters<typeof toError>[1]> {
  const text = await new Response(body).text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status, headers, text, json };
}
