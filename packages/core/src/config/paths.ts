import { homedir } from "node:os";
import { posix, win32 } from "node:path";

/** What decides where files lie; the machine's own by default. */
export interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As `process.platform` says it. */
  readonly platform: string;
  readonly home: string;
}

export function placeHere(): Place {
  return { env: process.env, platform: process.platform, home: homedir() };
}

export function pathOf(place: Pick<Place, "platform">): typeof posix {
  return place.platform === "win32" ? win32 : posix;
}

/** `~/.config/botyard/botyard.yaml`, or where macOS, Windows or XDG_CONFIG_HOME want it; never the working directory. */
export function defaultConfigFile(place: Place): string {
  return pathOf(place).join(folderOf(place, "config"), "botyard", "botyard.yaml");
}

/** `~/.local/share/botyard`, or where macOS, Windows or XDG_DATA_HOME want it. */
export function defaultDataDirectory(place: Place): string {
  return pathOf(place).join(folderOf(place, "data"), "botyard");
}

function folderOf({ env, platform, home }: Place, kind: "config" | "data"): string {
  if (platform === "darwin") return posix.join(home, "Library", "Application Support");
  if (platform === "win32") {
    const [name, folder] = kind === "config" ? ["APPDATA", "Roaming"] : ["LOCALAPPDATA", "Local"];
    return env[name] || win32.join(home, "AppData", folder);
  }
  const chosen = env[kind === "config" ? "XDG_CONFIG_HOME" : "XDG_DATA_HOME"];
  // The specification has relative ones ignored: they would depend on where one stands.
  if (chosen && posix.isAbsolute(chosen)) return chosen;
  return kind === "config" ? posix.join(home, ".config") : posix.join(home, ".local", "share");
}
