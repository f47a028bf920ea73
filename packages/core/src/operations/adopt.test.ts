import { BotyardError } from "@botyard/sdk";
import { expect, test } from "vitest";
import { tinyRuntime } from "../fixtures/tiny-runtime.ts";

const adopt = { connection: "chat", bot: "old", issueCredential: true };

test("an adopted bot can get a new credential in the same call", async () => {
  const { value } = await tinyRuntime();
  expect(await value("bots.adopt", adopt)).toMatchObject({
    handle: "old",
    nativeId: "u-old",
    managed: true,
    credentials: ["bot-token"],
  });
});

test("where the credential is refused the bot stays adopted, and the refusal says so", async () => {
  const { value, world } = await tinyRuntime();
  world.issue = () => Promise.reject(new BotyardError("forbidden", "the server gives no tokens", { effect: "none" }));
  await expect(value("bots.adopt", adopt)).rejects.toMatchObject({
    code: "forbidden",
    message: "chat/old is managed now, but got no credential: the server gives no tokens",
    effect: "applied",
  });
  expect(await value("bots.get", { connection: "chat", bot: "old" })).toMatchObject({ managed: true, credentials: [] });
});
