import { isObject } from "../wire.ts";
import type { World } from "./model.ts";
import { notFound, Refusal } from "./refusal.ts";

const sizes: Readonly<Record<string, number>> = {
  attachments: 20_000_000,
  avatars: 4_000_000,
  backgrounds: 6_000_000,
  icons: 2_500_000,
  banners: 6_000_000,
  emojis: 500_000,
};

const plainText = { "content-type": "text/plain; charset=utf-8" };

const cors = {
  vary: "origin, access-control-request-method, access-control-request-headers",
  "access-control-allow-origin": "*",
};

/** The file server: uploads of one file, and downloads without a credential. */
export async function serveFiles(world: World, request: Request, path: string): Promise<Response> {
  try {
    if (path === "/") return Response.json({ autumn: "Hello, I am a file server!", version: "0.15.1" });
    const [, tag = "", id, name] = path.split("/");
    if (request.method === "POST" && id === undefined) return await upload(world, request, tag);
    if (request.method === "GET" && id !== undefined) return download(world, tag, decodeURIComponent(id), name);
    return new Response(null, { status: 405 });
  } catch (error) {
    if (error instanceof Refusal) return Response.json(error.body, { status: error.status, headers: cors });
    throw error;
  }
}

async function upload(world: World, request: Request, tag: string): Promise<Response> {
  const max = sizes[tag];
  if (max === undefined)
    return new Response(`Invalid URL: unknown variant \`${tag}\`, expected one of \`attachments\`, …`, {
      status: 400,
      headers: plainText,
    });
  checkWho(world, request.headers);
  const bytes = new Uint8Array(await request.arrayBuffer());
  const file = partOf(bytes, request.headers.get("content-type") ?? "");
  if (!file) return new Response("field 'file' is required", { status: 400, headers: plainText });
  if (file.bytes.byteLength === 0) throw new Refusal(422, "FileTooSmall");
  if (file.bytes.byteLength > max) throw new Refusal(422, "FileTooLarge", { max });
  const picture = file.bytes[0] === 0x89 && file.bytes[1] === 0x50;
  if (tag !== "attachments" && !picture) throw new Refusal(400, "FileTypeNotAllowed");
  const _id = tag === "emojis" ? world.id() : world.token().slice(0, 42);
  const plain = file.type.startsWith("text/");
  world.files.set(_id, {
    _id,
    tag,
    filename: file.name,
    content_type: picture ? "image/png" : plain ? "plain/text" : file.type,
    size: file.bytes.byteLength,
    metadata: picture
      ? { type: "Image", width: 8, height: 8, thumbhash: [1], animated: false }
      : { type: plain ? "Text" : "File" },
    bytes: file.bytes,
    used: false,
  });
  return Response.json({ id: _id }, { headers: cors });
}

/** A bot's token that is not known is "not found" here. */
function checkWho(world: World, headers: Headers): void {
  const bot = headers.get("x-bot-token");
  if (bot !== null) {
    if (![...world.bots.values()].some(({ token }) => token === bot)) throw notFound();
    return;
  }
  const session = headers.get("x-session-token");
  if (session === null) throw new Refusal(401, "NotAuthenticated");
  if (!world.sessions.has(session)) throw new Refusal(401, "InvalidSession");
}

/** The part named `file` of a form. */
function partOf(
  bytes: Uint8Array,
  type: string,
): { readonly name: string; readonly type: string; readonly bytes: Uint8Array } | null {
  const boundary = /boundary=(.+)$/.exec(type)?.[1];
  if (boundary === undefined) return null;
  // one char per byte, so that offsets are the same
  const text = new TextDecoder("latin1").decode(bytes);
  const head =
    /Content-Disposition: form-data; name="file"; filename="([^"]*)"\r\n(?:Content-Type: ([^\r]*)\r\n)?\r\n/i.exec(
      text,
    );
  if (!head) return null;
  const start = head.index + head[0].length;
  const end = text.indexOf(`\r\n--${boundary}`, start);
  const name = new TextDecoder().decode(Uint8Array.from(head[1] ?? "", (char) => char.charCodeAt(0)));
  return { name, type: head[2] ?? "application/octet-stream", bytes: bytes.slice(start, end < 0 ? undefined : end) };
}

function download(world: World, tag: string, id: string, name: string | undefined): Response {
  const file = world.files.get(id);
  if (file?.tag !== tag) throw notFound();
  // without the prefix a proxy gave the file server
  if (name === "original")
    return new Response(null, {
      status: 308,
      headers: { ...cors, location: `/${tag}/${id}/${encodeURIComponent(file.filename)}` },
    });
  const preview = name === undefined && isObject(file.metadata) && file.metadata["type"] === "Image";
  return new Response(file.bytes.slice().buffer, {
    headers: {
      ...cors,
      "content-type": preview ? "image/webp" : file.content_type,
      "content-disposition": preview ? "inline" : "attachment",
      "content-length": String(file.size),
    },
  });
}
