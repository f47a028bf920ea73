import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig, parseConfig } from "./config.ts";
import { defaultConfigFile, defaultDataDirectory, type Place } from "./paths.ts";

let home = "";
let place: Place = { env: {}, platform: "linux", home };
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "botyard-config-"));
  place = { env: {}, platform: "linux", home };
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function write(text: string): string {
  const file = defaultConfigFile(place);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

const day = 86_400_000;

describe("loadConfig", () => {
  it("has an answer for everything without a file", () => {
    expect(loadConfig({}, place)).toEqual({
      file: null,
      listen: { host: "127.0.0.1", port: 8470 },
      hooks: { listen: { host: "127.0.0.1", port: 8471 }, publicUrl: null },
      dataDirectory: join(home, ".local/share/botyard"),
      retention: { eventsMs: 30 * day, rawMs: 7 * day, auditMs: 90 * day, ledgerMs: 90 * day, maxBytes: null },
      log: { level: "info", format: "human" },
      durability: "full",
      plugins: { memoryBytes: 512 * 2 ** 20 },
    });
  });

  it("reads the whole file", () => {
    const file = write(`# settings
listen: "[::1]:9000"
hooks: { listen: "0.0.0.0:9001", publicUrl: "https://bots.example.org/" }
data: ~/bots/../botyard
retention: { events: 12h, raw: forever, size: 2GiB }
log:
  level: debug
  format: json
durability: normal
plugins: { memory: 1GiB }
`);
    expect(loadConfig({}, place)).toEqual({
      file,
      listen: { host: "::1", port: 9000 },
      hooks: { listen: { host: "0.0.0.0", port: 9001 }, publicUrl: "https://bots.example.org" },
      dataDirectory: join(home, "botyard"),
      retention: { eventsMs: day / 2, rawMs: null, auditMs: 90 * day, ledgerMs: 90 * day, maxBytes: 2 * 2 ** 30 },
      log: { level: "debug", format: "json" },
      durability: "normal",
      plugins: { memoryBytes: 2 ** 30 },
    });
  });

  it("lets flags win over the environment, and that over the file", () => {
    write("data: /from/file\nlisten: 127.0.0.1:1\n");
    expect(loadConfig({}, place).dataDirectory).toBe("/from/file");
    const env = { BOTYARD_DATA: "/from/env" };
    expect(loadConfig({}, { ...place, env }).dataDirectory).toBe("/from/env");
    const flags = { data: "/from/flag", listen: "127.0.0.1:0", hooksListen: "h:2", publicUrl: "http://a" };
    expect(loadConfig(flags, { ...place, env })).toMatchObject({
      dataDirectory: "/from/flag",
      listen: { port: 0 },
      hooks: { listen: { host: "h", port: 2 }, publicUrl: "http://a" },
    });
    expect(() => loadConfig({ listen: "8470" }, place)).toThrow(expect.objectContaining({ code: "invalid" }));
    expect(() => loadConfig({ publicUrl: "bots" }, place)).toThrow(expect.objectContaining({ code: "invalid" }));
  });

  it("takes --config instead, which must be there", () => {
    write("listen: 127.0.0.1:1");
    const other = join(home, "other.yaml");
    expect(() => loadConfig({ config: other }, place)).toThrow(expect.objectContaining({ code: "not_found" }));
    writeFileSync(other, '{ "listen": "127.0.0.1:2" }');
    expect(loadConfig({ config: other }, place)).toMatchObject({ file: other, listen: { port: 2 } });
    expect(() => loadConfig({ config: home }, place)).toThrow(
      expect.objectContaining({ code: "invalid", message: expect.stringContaining("EISDIR") }),
    );
  });
});

describe("parseConfig", () => {
  it.each(["", "# nothing\n\n   # at all\n", "\uFEFF\n"])("takes a file that says nothing: %j", (text) => {
    expect(parseConfig(text, "botyard.yaml").durability).toBe("full");
  });

  it.each([
    ["lisetn: 127.0.0.1:1", "lisetn", "did you mean listen?"],
    ["retention: { evnts: 3d }", "retention.evnts", "did you mean retention.events?"],
    ["connections: []", "connections", "known here: listen, hooks"],
    ["listen: 8470", "listen", "an address and a port"],
    ["listen: 127.0.0.1:70000", "listen", "an address and a port"],
    ["hooks: { publicUrl: bots.example.org }", "hooks.publicUrl", "like https://"],
    ["hooks: { publicUrl: 'https://a:b@bots.example.org' }", "hooks.publicUrl", "like https://"],
    ["retention: { events: 30 }", "retention.events", "like 30d"],
    ["retention: { size: 2 GB }", "retention.size", "like 2GiB"],
    ["retention: { events: 0s }", "retention.events", "like 30d"],
    ["durability: fulll", "durability", '"full" | "normal"'],
    ["log: quiet", "log", "a section"],
  ])("refuses %s", (text, path, expected) => {
    expect(() => parseConfig(text, "botyard.yaml")).toThrow(
      expect.objectContaining({
        code: "invalid",
        message: expect.stringContaining(`botyard.yaml: ${path}: `),
        details: { issues: [{ path, expected: expect.stringContaining(expected) }] },
      }),
    );
  });

  it("counts what else is wrong", () => {
    expect(() => parseConfig("listen: 1\ndurability: 2\nlog: { level: 3 }", "botyard.yaml")).toThrow(/; 2 more$/);
  });

  it("says where a file is not YAML, without quoting it", () => {
    const text = "listen: 127.0.0.1:1\n  password: hunter2\n";
    expect(() => parseConfig(text, "botyard.yaml")).toThrow(
      expect.objectContaining({
        code: "invalid",
        message: expect.stringMatching(/^botyard\.yaml is not YAML in line 2: (?!.*hunter2)/s),
      }),
    );
  });

  it("refuses a data directory that depends on where one stands", () => {
    write("data: ./data");
    expect(() => loadConfig({}, place)).toThrow(/data: an absolute path/);
  });
});

describe("places", () => {
  it.each<[string, Partial<Place>, string, string]>([
    ["linux", { home: "/home/a" }, "/home/a/.config/botyard/botyard.yaml", "/home/a/.local/share/botyard"],
    [
      "XDG",
      { home: "/home/a", env: { XDG_CONFIG_HOME: "/c", XDG_DATA_HOME: "relative" } },
      "/c/botyard/botyard.yaml",
      "/home/a/.local/share/botyard",
    ],
    [
      "macOS",
      { home: "/Users/a", platform: "darwin" },
      "/Users/a/Library/Application Support/botyard/botyard.yaml",
      "/Users/a/Library/Application Support/botyard",
    ],
    [
      "Windows",
      { home: "C:\\Users\\a", platform: "win32", env: { APPDATA: "D:\\Roaming" } },
      "D:\\Roaming\\botyard\\botyard.yaml",
      "C:\\Users\\a\\AppData\\Local\\botyard",
    ],
  ])("are %s's own", (_, more, config, data) => {
    const there = { env: {}, platform: "linux", home: "/", ...more };
    expect(defaultConfigFile(there)).toBe(config);
    expect(defaultDataDirectory(there)).toBe(data);
  });
});
