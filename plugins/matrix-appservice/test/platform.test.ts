import { expect, test } from "vitest";
import { parse } from "valibot";
import platform, { createRegistration, fromYaml, toYaml } from "../src/index.ts";
import { settings } from "../src/settings.ts";
import { registration } from "./world.ts";

test("the tool prints a registration that has no finding", async () => {
  const made = await platform.tools?.["matrix.registration"]({
    server: "hs.example.org",
    url: "http://127.0.0.1:8471/hooks/matrix",
    bot: "remotebot",
    users: ["_remote_.*"],
  });
  const { registration: read, findings } = fromYaml(made?.yaml ?? "");
  expect(findings).toEqual([]);
  expect(read).toMatchObject({
    id: "remotebot",
    senderLocalpart: "remotebot",
    users: [{ regex: "^@_remote_.*:hs\\.example\\.org$", exclusive: true }],
  });
});

test("a pattern that is none is refused", async () => {
  await expect(
    platform.tools?.["matrix.registration"]({ server: "hs.test", url: "http://x.test", users: ["("] }),
  ).rejects.toMatchObject({ code: "invalid" });
});

test("an existing file becomes settings and sealed tokens", async () => {
  const read = await platform.imports?.["registration"]?.read(toYaml(registration));
  expect(read?.credentials).toEqual({ "as-token": registration.asToken, "hs-token": registration.hsToken });
  expect(parse(settings, read?.settings)).toMatchObject({
    queries: "managed",
    service: { id: "botyard", sender: "botyard", rateLimited: false },
  });
  expect(JSON.stringify(read?.settings)).not.toContain(registration.asToken);
});

test("a faulty file is refused with its faults and without its tokens", () => {
  const broken = toYaml({ ...createRegistration({ id: "a|b", url: "x", serverName: "hs.test", bot: "b", users: [] }) });
  const read = (): unknown => platform.imports?.["registration"]?.read(broken);
  expect(read).toThrow(/id must not hold/);
  expect(read).toThrow(/url is no http/);
});
