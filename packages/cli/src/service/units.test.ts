import { expect, it } from "vitest";
import { programOf } from "../self.ts";
import { launchd, systemd, windows } from "./units.ts";

const odd = { program: ["/opt/my tools/botyard", "50%"], data: "/var/lib/a & b" };

it("quotes what each system reads otherwise", () => {
  expect(systemd(odd).text).toContain('ExecStart="/opt/my tools/botyard" 50%% serve\n');
  expect(launchd(odd).text).toContain("<string>/var/lib/a &amp; b</string>");
  expect(windows({ ...odd, program: ["C:\\it's\\botyard.exe"] }).text).toContain("-Execute 'C:\\it''s\\botyard.exe'");
  expect(windows(odd).text).toContain(`-Argument '50% serve --data "/var/lib/a & b"'`);
});

it("takes a program out of a home, which the service cannot see", () => {
  const unit = systemd({ program: ["/home/me/my tools/botyard"], data: "/data" });
  expect(unit.text).toContain("ExecStart=/usr/local/bin/botyard serve\n");
  expect(unit.todo[0]).toBe("sudo install -m 755 '/home/me/my tools/botyard' /usr/local/bin/botyard");
  expect(systemd({ program: ["/opt/botyard"], data: "/data" }).todo.join()).not.toContain("install -m");
});

it("starts the program itself, or the runtime with its source", () => {
  const env = {};
  expect(programOf({ execPath: "/usr/bin/botyard", argv: ["bun", "/$bunfs/root/main"], env, deno: false })).toEqual([
    "/usr/bin/botyard",
  ]);
  expect(programOf({ execPath: "/bin/deno", argv: ["deno", "/src/main.ts"], env, deno: true })).toEqual([
    "/bin/deno",
    "run",
    "-A",
    "/src/main.ts",
  ]);
});
