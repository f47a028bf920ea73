import { BotyardError } from "@botyard/sdk";
import { limits } from "./limits.ts";

/** A name as it may be shown: what a terminal would act on is replaced. */
export function shown(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?");
  return clean.length > 120 ? `${clean.slice(0, 117)}…` : clean;
}

export function refuse(detail: string): never {
  throw new BotyardError("invalid", `${detail}. Nothing was installed`);
}

const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Why a path of a package is not written to a disk; null where it can be. */
export function pathProblem(path: string): string | null {
  if (path.length > limits.path) return `a path of more than ${limits.path} characters`;
  if (/[\p{Cc}\\:*?"<>|]/u.test(path)) return "a path with characters that not every disk takes";
  if (path.startsWith("/")) return "an absolute path";
  const parts = path.split("/");
  if (parts.some((part) => part === ".." || part === ".")) return "a path that leaves the package";
  if (parts.some((part) => part === "" || device.test(part) || /[ .]$/.test(part)))
    return "a path that not every disk takes";
  return parts.length > limits.depth ? `more than ${limits.depth} folders in one another` : null;
}

/** Paths that are one on a disk that ignores case, or of which one is a file and a folder. Null where there are none. */
export function clash(paths: Iterable<string>): string | null {
  const seen = new Set<string>();
  const folders = new Set<string>();
  const normal = (path: string): string => path.normalize("NFC").toLowerCase();
  for (const path of paths) {
    const key = normal(path);
    if (seen.has(key)) return path;
    seen.add(key);
    for (let at = key.lastIndexOf("/"); at > 0; at = key.lastIndexOf("/", at - 1)) folders.add(key.slice(0, at));
  }
  for (const path of seen) if (folders.has(path)) return path;
  return null;
}
