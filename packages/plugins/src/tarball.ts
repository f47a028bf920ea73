import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { packTar } from "modern-tar";
import type { Files } from "./integrity.ts";

/** A gzipped tarball as npm makes them; the same files give the same bytes. */
export async function toTarball(files: Files, folder = "package"): Promise<Uint8Array> {
  const mtime = new Date(0);
  const tar = await packTar(
    [...files].map(([path, body]) => ({
      header: { name: `${folder}/${path}`, size: body.length, mode: 0o644, mtime, type: "file" as const },
      body,
    })),
  );
  return promisify(gzip)(tar, { level: 9 });
}
