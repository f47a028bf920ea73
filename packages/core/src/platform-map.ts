import { type AnyPlatform, BotyardError } from "@botyard/sdk";

/** By id; two platforms with one id or one namespace are a mistake in how the binary was put together. */
export function platformMap(platforms: readonly AnyPlatform[]): ReadonlyMap<string, AnyPlatform> {
  const namespaces = new Set<string>();
  for (const { id, namespace } of platforms) {
    if (namespaces.has(namespace) || platforms.filter((other) => other.id === id).length > 1)
      throw new BotyardError("internal", `two platforms are called "${id}" or "${namespace}"`);
    namespaces.add(namespace);
  }
  return new Map(platforms.map((platform) => [platform.id, platform]));
}

/** A connection whose platform is in no plugin: its records wait for one. */
export function noPlatform(id: string): BotyardError {
  return new BotyardError("unsupported", `there is no platform "${id}": its plugin is not installed, or was removed`, {
    fix: "botyard plugins list",
    instead: "botyard plugins add <npm name, folder or tarball>",
  });
}
