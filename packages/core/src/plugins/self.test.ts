import { expect, test } from "vitest";
import { selfSpawn } from "./self.ts";

const bun = { versions: { bun: "1.4.4" } };
const deno = { versions: { deno: "2.9.6" } };

test.each([
  ["compiled", { ...bun, execPath: "/usr/bin/botyard", argv: ["/usr/bin/botyard", "/$bunfs/root/botyard"] }, []],
  [
    "compiled on Windows",
    { ...bun, execPath: "C:\\botyard.exe", argv: ["botyard", "B:\\~BUN\\root\\botyard.exe"] },
    [],
  ],
  ["Bun", { ...bun, execPath: "/usr/bin/bun", argv: ["bun", "/src/main.ts", "serve"] }, ["/src/main.ts"]],
  [
    "Deno",
    { ...deno, execPath: "/usr/bin/deno", argv: ["deno", "/src/main.ts", "serve"] },
    ["run", "-A", "/src/main.ts"],
  ],
])("how this program starts itself: %s", (_, started, args) => {
  expect(selfSpawn(started)).toEqual({ execPath: started.execPath, args });
});
