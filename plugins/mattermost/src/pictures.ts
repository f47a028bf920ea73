import { BotyardError, type Bytes } from "@botyard/sdk";
import * as api from "./api.ts";
import type { Context } from "./context.ts";
import { orUndefined, refusedWith, type Caller } from "./request.ts";

/** Pictures are decoded by the server in memory: 27 megapixels took it ten seconds. */
const mostBytes = 10 * 1024 * 1024;
const taken = ["image/png", "image/jpeg", "image/gif", "image/bmp", "image/webp"];

async function read(bytes: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes.body) {
    size += chunk.byteLength;
    if (size > mostBytes)
      throw new BotyardError("too_large", `the picture is larger than ${mostBytes} bytes; shrink it first`, {
        issues: [{ path: "icon", expected: `at most ${mostBytes} bytes` }],
      });
    chunks.push(chunk);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

/** The bot's icon where the server has icons and the picture is SVG, else the account's profile image. */
export async function setPicture(
  { features }: Context,
  on: Caller,
  bot: string,
  picture: Bytes,
): Promise<{ type: string; size: number }> {
  const type = (picture.type.split(";")[0] ?? "").toLowerCase();
  const svg = type === "image/svg+xml";
  const refusal = svg
    ? "this server has no bot icons any more (removed in 6.0), and its profile images take no SVG"
    : `profile images are ${taken.join(", ")}`;
  if (svg ? !features.icons : !taken.includes(type))
    throw new BotyardError("invalid", refusal, { issues: [{ path: "icon", expected: taken.join(", ") }] });
  const bytes = await read(picture);
  await api.putPicture(on, svg ? api.iconPath(bot) : api.imagePath(bot), bytes, type);
  return { type, size: bytes.byteLength };
}

/** Throws `not_found` where only the server's default picture is shown. */
export async function getPicture({ features }: Context, on: Caller, bot: string): Promise<Bytes> {
  if (features.icons) {
    const icon = await orUndefined(api.download(on, api.iconPath(bot)));
    if (icon) return icon.bytes;
  }
  const { bytes, etag } = await api.download(on, api.imagePath(bot));
  // Only a picture somebody set has an etag.
  if (etag !== null) return bytes;
  await bytes.body.cancel();
  throw new BotyardError("not_found", "this bot has no picture of its own");
}

export async function deletePicture({ features }: Context, on: Caller, bot: string): Promise<void> {
  if (features.icons)
    await api.deletePicture(on, api.iconPath(bot)).catch((error: unknown) => {
      if (!refusedWith(error, "api.bot.delete_bot_icon_image.app_error")) throw error;
    });
  await api.deletePicture(on, api.imagePath(bot));
}
