import { BotyardError, type Bytes } from "@botyard/sdk";
import type { Context } from "./context.ts";
import { toError } from "./errors.ts";
import { toForm } from "./multipart.ts";
import { headersFor, part, type Auth } from "./request.ts";
import { objectOf, textOf } from "./wire.ts";

/** Kinds of files; an id belongs to one of them. */
export type Tag = "attachments" | "avatars";

/** Address of the file server. Throws `unsupported` where the instance has none. */
async function server(context: Context): Promise<string> {
  const { files } = await context.root();
  if (files !== null) return files;
  throw new BotyardError("unsupported", "This instance has no file server: neither attachments nor icons.");
}

/** Streams a file up; answers its id, which may be used once. Throws `too_large`, `invalid`, `unauthenticated`. */
export async function upload(
  context: Context,
  auth: Auth,
  { tag, name, file, signal }: { tag: Tag; name: string; file: Bytes; signal: AbortSignal },
): Promise<string> {
  const { limits } = await context.root();
  const max = tag === "avatars" ? limits.avatarBytes : limits.attachmentBytes;
  if (file.size !== undefined && file.size > max)
    throw new BotyardError("too_large", `The file has ${file.size} bytes; this instance takes ${max}.`, {
      issues: [{ path: "file", expected: `at most ${max} bytes` }],
    });
  if (file.size === 0)
    throw new BotyardError("invalid", "The file is empty; the file server takes none of those.", {
      issues: [{ path: "file", expected: "at least one byte" }],
    });
  const form = toForm(file, name);
  const response = await context.host.http(await server(context)).request({
    method: "POST",
    path: `/${tag}`,
    headers: { ...headersFor(auth), "content-type": form.type },
    body: form.body,
    timeoutMs: 300_000,
    signal,
  });
  const id = textOf(objectOf(response.json)["id"]);
  if (response.status === 200 && id !== undefined) return id;
  // The file server says of a bot's token it does not know what it says of anything it does not find.
  if (response.status === 404 && auth.kind === "bot-token")
    throw new BotyardError("unauthenticated", "The file server does not know the bot's token.", {
      effect: "none",
      upstream: { status: 404 },
    });
  throw toError("POST", response);
}

/** Streams a file down as it was uploaded. Throws `not_found`. */
export async function download(
  context: Context,
  tag: Tag,
  id: string,
  name: string | null,
  signal: AbortSignal,
): Promise<Bytes> {
  const http = context.host.http(await server(context));
  const filename = name ?? (await nameOf(context, tag, id, signal));
  const answer = await http.stream({ method: "GET", path: `/${tag}/${part(id)}/${part(filename)}`, signal });
  if (answer.status !== 200) {
    await answer.body.cancel();
    throw toError("GET", { status: answer.status, json: answer.status === 404 ? { type: "NotFound" } : undefined });
  }
  const size = Number(answer.headers["content-length"]);
  return {
    body: answer.body,
    type: answer.headers["content-type"] ?? "application/octet-stream",
    name: filename,
    ...(Number.isSafeInteger(size) && answer.headers["content-length"] !== undefined ? { size } : {}),
  };
}

/**
 * `…/original` answers with the name in a redirect. Its target has no path prefix, so that behind `/autumn` it points
 * nowhere: only the name is taken from it.
 */
async function nameOf(context: Context, tag: Tag, id: string, signal: AbortSignal): Promise<string> {
  const http = context.host.http(await server(context));
  const answer = await http.request({ method: "GET", path: `/${tag}/${part(id)}/original`, signal });
  const last = answer.headers["location"]?.split("/").at(-1);
  if (answer.status >= 300 && answer.status < 400 && last !== undefined && last !== "") return decodeURIComponent(last);
  throw toError("GET", answer);
}
