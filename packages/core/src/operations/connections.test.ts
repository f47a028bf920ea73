import { expect, test } from "vitest";
import { tinyPlatform, tinyWorld } from "../fixtures/tiny-platform.ts";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

/** A tiny platform that reads a file: a rate and a token in two words. */
async function withFile() {
  const world = tinyWorld();
  const platform = {
    ...tinyPlatform(world),
    imports: {
      note: {
        title: "Note",
        read: (text: string) => {
          const [rate = "", token = ""] = text.split(" ");
          return { settings: { rate: Number(rate) }, credentials: { "admin-token": token } };
        },
      },
    },
  };
  return tinyRuntime({ world, platform });
}

test("an address of its own is used until it is cleared", async () => {
  const { call, value, world } = await tinyRuntime();
  expect(() => world.host?.hooks.url()).toThrow(/no address/);
  const update = (hooksUrl: string | null) =>
    value<{ hooksUrl?: string }>("connections.update", { connection: "chat", hooksUrl });
  expect((await update("http://10.0.0.5:8471/")).hooksUrl).toBe("http://10.0.0.5:8471");
  expect(world.host?.hooks.url("/a")).toBe("http://10.0.0.5:8471/hooks/chat/a");
  // Other changes leave it.
  await call("connections.update", { connection: "chat", settings: { rate: 1 } });
  expect(world.host?.hooks.url()).toBe("http://10.0.0.5:8471/hooks/chat");
  expect(await update(null)).not.toHaveProperty("hooksUrl");
  expect(() => world.host?.hooks.url()).toThrow(/no address/);
});

test.each(["10.0.0.5:8471", "ftp://x", "http://x/?a=1", "http://a b"])("%s is no such address", async (hooksUrl) => {
  const { call } = await tinyRuntime();
  await expect(call("connections.update", { connection: "chat", hooksUrl })).rejects.toMatchObject({
    code: "invalid",
  });
});

test("a file given again replaces what it says, and nothing else", async () => {
  const { value, world, runtime } = await withFile();
  await value("connections.update", { connection: "chat", hooksUrl: "http://10.0.0.5" });
  const updated = await value<{ settings: object }>("connections.update", {
    connection: "chat",
    import: { note: "7 rotated" },
  });
  expect(updated).toMatchObject({ settings: { rate: 7 }, hooksUrl: "http://10.0.0.5" });
  expect(JSON.stringify(updated)).not.toContain("rotated");
  expect((await world.host?.credentials.find({ kind: "admin-token" }))?.secret).toBe("rotated");
  await expect(
    runtime.invoke(
      "connections.update",
      { connection: "chat", import: { letter: "x" } },
      { principal: runtime.local, request: "r" },
    ),
  ).rejects.toMatchObject({ code: "unsupported_param" });
});
