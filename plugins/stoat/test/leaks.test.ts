import { createWorld, type World } from "@botyard/testing";
import { afterEach, expect, test } from "vitest";
import platform from "../src/index.ts";
import { stoatPlace } from "./place.ts";

let world: World | undefined;
afterEach(() => world?.close());

test("no answer, no error and no line of the log carries a token, a client secret or a password", async () => {
  const place = await stoatPlace({ oauth2: true });
  const lines: string[] = [];
  const on = await createWorld({ platform, place, log: (line) => void lines.push(line) });
  world = on;
  const said: unknown[] = [];
  const take = async (name: string, input: object = {}): Promise<void> => {
    said.push(
      await on
        .invoke(name, input)
        .catch((error: unknown) => ({ error, text: error instanceof Error ? error.message : "" })),
    );
  };
  await take("bots.create", { handle: "helper", options: { oauth2: { redirectUris: ["https://app.example/cb"] } } });
  await take("rooms.add-bot", { room: "community:general", bot: "helper" });
  await take("bots.get", { bot: "helper" });
  await take("bots.list", { source: "all" });
  await take("bots.update", { bot: "helper", username: "helper2", options: { resetOauth2ClientSecret: true } });
  await take("credentials.list");
  await take("credentials.issue", { bot: "helper" });
  await take("connections.get");
  await take("connections.probe");
  await take("messages.send", { room: "community:general", as: "helper", text: "hello" });
  const before = [...place.sim.world.bots.values()].map(({ token }) => token);
  await take("credentials.rotate", { bot: "helper" });
  await take("messages.send", { room: "no-such-room", as: "helper", text: "hello" });
  await take("credentials.login", { kind: "owner-session" });
  const dialogue = (said.at(-1) as { value?: { dialogue?: string } }).value?.dialogue;
  const answers = { email: "olga@yard.test", password: "olga-password" };
  await take("credentials.login", { kind: "owner-session", dialogue, answers });
  await take("events.list");
  await take("ledger.list");
  await take("audit.list");
  const { bots, sessions } = place.sim.world;
  const secrets = [
    ...before,
    ...[...bots.values()].flatMap(({ token, oauth2 }) => [token, oauth2?.secret ?? "never"]),
    ...sessions.keys(),
    answers.password,
  ];
  expect(said.filter((one) => "value" in (one as object)).length).toBeGreaterThan(12);
  const everything = JSON.stringify(said) + lines.join("\n");
  for (const secret of secrets) expect(everything.includes(secret), "a secret was shown").toBe(false);
});
