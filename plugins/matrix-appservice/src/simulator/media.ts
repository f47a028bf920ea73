import type { JsonObject } from "../wire.ts";
import { refuse } from "./model.ts";
import { param, requester, type Call } from "./request.ts";

/** `POST /_matrix/media/v3/upload`: refused as soon as it grows too large, whatever was announced. */
export async function upload(call: Call): Promise<JsonObject> {
  const { world, request, query } = call;
  requester(call);
  if (request.headers.get("content-length") === null) refuse(400, "M_UNKNOWN", "Request must specify a Content-Length");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > world.maxUploadBytes) refuse(413, "M_TOO_LARGE", "Upload request body is too large");
    chunks.push(chunk);
  }
  const id = world.nextId(24);
  world.media.set(id, {
    id,
    type: request.headers.get("content-type") ?? "application/octet-stream",
    name: query.get("filename") ?? undefined,
    chunks,
    bytes,
  });
  return { content_uri: `mxc://${world.serverName}/${id}` };
}

/** `GET /_matrix/client/v1/media/download/{server}/{id}`: with a token only. */
export function download(call: Call): Response {
  requester(call);
  const found = param(call, "server") === call.world.serverName ? call.world.media.get(param(call, "id")) : undefined;
  if (found === undefined) return refuse(404, "M_NOT_FOUND", `Not found '${call.url.pathname}'`);
  const chunks = found.chunks[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
  });
  const name = found.name === undefined ? "inline" : `inline; filename=${encodeURIComponent(found.name)}`;
  return new Response(body, {
    headers: { "content-type": found.type, "content-length": String(found.bytes), "content-disposition": name },
  });
}

/** `GET /_matrix/client/v1/media/config` */
export function config(call: Call): JsonObject {
  requester(call);
  return { "m.upload.size": call.world.maxUploadBytes };
}
