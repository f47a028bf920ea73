import type { JsonObject } from "../wire.ts";
import { refuse } from "./model.ts";
import { param, requester, type Call } from "./request.ts";

/** `POST /_matrix/media/v3/upload`: refused as soon as it grows too large, whatever was announced. */
export async function upload(call: Call): Promise<JsonObject> {
  const { world } = call;
  requester(call);
  const id = world.nextId(24);
  await store(call, id);
  return { content_uri: `mxc://${world.serverName}/${id}` };
}

/** `POST /_matrix/media/v1/create`: an address before there is content. */
export function create(call: Call): JsonObject {
  const { world } = call;
  requester(call);
  const id = world.nextId(24);
  world.promised.add(id);
  return { content_uri: `mxc://${world.serverName}/${id}`, unused_expires_at: world.now() + 86_400_000 };
}

/** `PUT /_matrix/media/v3/upload/{server}/{id}` */
export async function fill(call: Call): Promise<JsonObject> {
  requester(call);
  const id = param(call, "id");
  if (call.world.media.has(id)) refuse(409, "M_CANNOT_OVERWRITE_MEDIA", "Media ID already has content");
  if (!call.world.promised.delete(id)) refuse(404, "M_NOT_FOUND", "Unknown media ID");
  await store(call, id);
  return {};
}

async function store(call: Call, id: string): Promise<void> {
  const { world, request, query } = call;
  if (request.headers.get("content-length") === null) refuse(400, "M_UNKNOWN", "Request must specify a Content-Length");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > world.maxUploadBytes) refuse(413, "M_TOO_LARGE", "Upload request body is too large");
    chunks.push(chunk);
  }
  world.media.set(id, {
    id,
    type: request.headers.get("content-type") ?? "application/octet-stream",
    name: query.get("filename") ?? undefined,
    chunks,
    bytes,
  });
}

/** `GET /_matrix/client/v1/media/download/{server}/{id}`: with a token only. */
export function download(call: Call): Response {
  requester(call);
  const found = param(call, "server") === call.world.serverName ? call.world.media.get(param(call, "id")) : undefined;
  if (found === undefined && call.world.promised.has(param(call, "id")))
    refuse(504, "M_NOT_YET_UPLOADED", "Media has not been uploaded yet");
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
