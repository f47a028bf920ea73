import { gunzip } from "node:zlib";
import { BotyardError } from "@botyard/sdk";
import { unpackTar } from "modern-tar";
import type { Files } from "./integrity.ts";
import { limits } from "./limits.ts";
import { clash, pathProblem, refuse, shown } from "./paths.ts";

/** At most this many bytes; what would be more is found out before they are in memory. */
function unzip(packed: Uint8Array, most: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    gunzip(packed, { maxOutputLength: most }, (error, result) => {
      if (!error) return resolve(result);
      const { code } = error as NodeJS.ErrnoException;
      // Deno has no code for it.
      const tooMuch = code === "ERR_BUFFER_TOO_LARGE" || /larger than|maxOutputLength/i.test(error.message);
      return reject(
        tooMuch
          ? new BotyardError(
              "too_large",
              `the tarball unpacks to more than ${Math.floor(most / 1_048_576)} MB, which no plugin needs. Nothing was installed`,
            )
          : new BotyardError("invalid", "the tarball is damaged or no gzip file. Nothing was installed", {
              cause: error,
            }),
      );
    });
  });
}

async function entriesOf(tar: Uint8Array): ReturnType<typeof unpackTar> {
  try {
    return await unpackTar(tar, { strict: true });
  } catch (error) {
    throw new BotyardError("invalid", "the tarball is damaged. Nothing was installed", { cause: error });
  }
}

/** Packages of npm hold one folder, mostly called `package`; what stands before the first slash is taken off. */
function inner(name: string): string {
  const at = name.indexOf("/");
  return at < 0 ? "" : name.slice(at + 1);
}

/**
 * The files of a gzipped tarball, in memory; nothing is written. Throws `invalid` for what is no plain file or folder
 * (links, devices), paths that leave the package or that a disk would not take, and damage; `too_large` for bombs.
 */
export async function unpack(packed: Uint8Array): Promise<Files> {
  if (packed.length > limits.packed)
    throw new BotyardError(
      "too_large",
      `the tarball has more than ${limits.packed / 1_048_576} MB, which no plugin needs. Nothing was installed`,
    );
  const most = Math.min(limits.unpacked, Math.max(limits.small, packed.length * limits.ratio));
  const files = new Map<string, Uint8Array>();
  const entries = await entriesOf(await unzip(packed, most));
  for (const { header, data } of entries) {
    const { name, type = "file" } = header;
    if (type === "pax-global-header") continue;
    if (type !== "file" && type !== "directory")
      refuse(`the tarball holds a ${type.replaceAll("-", " ")} (${shown(name)}); a plugin has plain files only`);
    const folder = type === "directory" || name.endsWith("/");
    // What an absolute path or one with `..` would lose of it below is just what must be seen.
    const problem = pathProblem(folder ? name.replace(/\/+$/, "") : name);
    if (problem !== null) refuse(`the tarball holds ${problem}: ${shown(name)}`);
    if (folder) continue;
    const path = inner(name);
    if (path === "") refuse(`the tarball has a file outside its folder "package": ${shown(name)}`);
    if (files.has(path)) refuse(`the tarball holds ${shown(path)} twice`);
    files.set(path, data ?? new Uint8Array());
    if (files.size > limits.files)
      throw new BotyardError("too_large", `the tarball holds more than ${limits.files} files. Nothing was installed`);
  }
  const twice = clash(files.keys());
  if (twice !== null) refuse(`the tarball holds two things called ${shown(twice)}`);
  return files;
}
