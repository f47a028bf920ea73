import { BotyardError, isBotyardError } from "@botyard/sdk";
import getNpmTarballUrl from "get-npm-tarball-url";
import { maxSatisfying, rcompare, valid, validRange } from "semver";
import * as v from "valibot";
import { integrityOf } from "./integrity.ts";
import { limits } from "./limits.ts";
import { shown } from "./paths.ts";

/** Where packages are looked for when nobody says otherwise: the registry that npm itself asks by default. */
const publicRegistry = new URL(getNpmTarballUrl("botyard", "0.0.0")).origin;

/** A version of a package at the registry. */
export interface Resolved {
  readonly name: string;
  readonly version: string;
  readonly tarball: string;
  readonly integrity: string;
  /** Its author's warning. */
  readonly deprecated: string | null;
}

export interface Npm {
  /** The newest version that fits. Throws `not_found`, `unreachable`, `upstream`, `invalid`. */
  resolve(name: string, range: string, signal: AbortSignal): Promise<Resolved>;
  /** Its tarball, compared with the registry's hash. */
  fetch(of: Resolved, signal: AbortSignal): Promise<Uint8Array>;
}

/** `BOTYARD_NPM_REGISTRY`, else npm's own `npm_config_registry`, else the public one. */
export function registryOf(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["BOTYARD_NPM_REGISTRY"] || env["npm_config_registry"] || publicRegistry;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol))
    throw new BotyardError("invalid", "BOTYARD_NPM_REGISTRY expects the address of an npm registry");
  return given.replace(/\/+$/, "");
}

const Version = v.looseObject({
  version: v.string(),
  deprecated: v.optional(v.unknown()),
  dist: v.looseObject({ tarball: v.string(), integrity: v.optional(v.string()) }),
});
const Packument = v.looseObject({
  "dist-tags": v.optional(v.record(v.string(), v.string()), {}),
  versions: v.record(v.string(), Version),
});

/** Without credentials an address may hold. */
function place(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the registry";
}

async function read(url: string, accept: string, most: number, what: string, signal: AbortSignal): Promise<Uint8Array> {
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), limits.waitMs);
  };
  try {
    wait();
    const response = await fetch(url, {
      headers: { accept, "user-agent": "botyard" },
      signal: AbortSignal.any([signal, silent.signal]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      if (response.status === 404)
        throw new BotyardError("not_found", `there is no ${what} at ${place(url)}`, { upstream: { status: 404 } });
      throw new BotyardError(
        "upstream",
        `${place(url)} answered ${response.status} for ${what}. Nothing was installed`,
        {
          upstream: { status: response.status },
        },
      );
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      wait();
      size += chunk.length;
      if (size > most)
        throw new BotyardError("too_large", `${what} has more than ${most / 1_048_576} MB. Nothing was installed`);
      chunks.push(chunk);
    }
    const expected = Number(response.headers.get("content-length") ?? NaN);
    // A body that ends early is no error to every runtime.
    if (size < expected && !response.headers.has("content-encoding")) throw new Error("cut off");
    return Buffer.concat(chunks);
  } catch (error) {
    if (isBotyardError(error)) throw error;
    if (signal.aborted) throw new BotyardError("cancelled", "stopped; nothing was installed", { cause: error });
    throw new BotyardError(
      silent.signal.aborted ? "timeout" : "unreachable",
      `${place(url)} ${silent.signal.aborted ? "did not answer in time" : "cannot be reached, or the connection broke"} while ${what} was fetched. Nothing was installed`,
      { cause: error, fix: "look at the network, then the same again; another registry: BOTYARD_NPM_REGISTRY" },
    );
  } finally {
    clearTimeout(timer);
  }
}

export function createNpm(registry: string): Npm {
  const address = (name: string): string => `${registry}/${name.replace("/", "%2f")}`;
  return {
    async resolve(name, range, signal) {
      const accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
      const bytes = await read(address(name), accept, limits.packument, `package "${name}"`, signal);
      let parsed: v.InferOutput<typeof Packument>;
      try {
        parsed = v.parse(Packument, JSON.parse(new TextDecoder().decode(bytes)));
      } catch (error) {
        throw new BotyardError("upstream", `${place(registry)} answered something else than a package for "${name}"`, {
          cause: error,
        });
      }
      const all = Object.keys(parsed.versions).filter((version) => valid(version) === version);
      const tagged = Object.hasOwn(parsed["dist-tags"], range) ? parsed["dist-tags"][range] : undefined;
      // As npm does it: what is tagged latest goes before what is higher, where the range takes it.
      const latest = parsed["dist-tags"]["latest"];
      const fits = validRange(range) === null ? null : maxSatisfying(all, range);
      const preferred =
        latest !== undefined && fits !== null && maxSatisfying([latest], range) === latest ? latest : fits;
      const version = tagged ?? preferred;
      const found =
        version === undefined || version === null || !Object.hasOwn(parsed.versions, version)
          ? undefined
          : parsed.versions[version];
      if (!found || version === null || version === undefined)
        throw new BotyardError(
          "not_found",
          `${name} has no version "${shown(range)}" at ${place(registry)}`,
          all.length > 0 ? { fix: `botyard plugins add ${name}@${all.sort(rcompare)[0]}` } : {},
        );
      const { tarball, integrity = "" } = found.dist;
      const sha512 = integrity.split(/\s+/).find((one) => /^sha512-[A-Za-z0-9+/]{86}==$/.test(one));
      if (!sha512)
        throw new BotyardError(
          "invalid",
          `the registry gives no sha512 of ${name} ${version}, so what comes cannot be checked`,
        );
      if (!URL.canParse(tarball) || !/^https?:$/.test(new URL(tarball).protocol))
        throw new BotyardError("upstream", `the registry gives no address of the tarball of ${name} ${version}`);
      if (registry.startsWith("https:") && !tarball.startsWith("https:"))
        throw new BotyardError("invalid", `the registry is asked over TLS and sends to a tarball of ${name} without`);
      const { deprecated } = found;
      return {
        name,
        version,
        tarball,
        integrity: sha512,
        deprecated: typeof deprecated === "string" && deprecated !== "" ? shown(deprecated) : null,
      };
    },
    async fetch({ name, version, tarball, integrity }, signal) {
      const bytes = await read(
        tarball,
        "application/octet-stream, */*",
        limits.packed,
        `the tarball of ${name} ${version}`,
        signal,
      );
      if (integrityOf(bytes) !== integrity)
        throw new BotyardError(
          "invalid",
          `the tarball of ${name} ${version} is not what the registry's sha512 says. Nothing was installed`,
          {
            fix: "the same again; where it stays so, do not install it: it was changed on the way, or at the registry",
          },
        );
      return bytes;
    },
  };
}
