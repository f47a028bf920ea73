import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe as describeOperation } from "@botyard/core";
import { type AnyOperation, type Bytes, operations } from "@botyard/sdk";
import { expect, it, onTestFinished } from "vitest";
import { createFakeIo } from "../fake-io.ts";
import { operationCommand } from "../operation-command.ts";
import { composeInput, type ComposeWorld } from "./compose.ts";
import { parseFlags } from "./parse.ts";
import { planCommand } from "./plan.ts";

interface World extends Partial<ComposeWorld> {
  readonly known?: readonly string[] | null;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The input a command line stands for: `input("bots.create", ["helper"])`. */
async function input(name: string, argv: readonly string[], world: World = {}): Promise<Record<string, unknown>> {
  const operation = operations[name] as AnyOperation;
  const descriptor = describeOperation(operation);
  const args = parseFlags(argv, operationCommand(descriptor, operation).flags, `botyard ${name.replace(".", " ")}`);
  return composeInput(
    descriptor,
    planCommand(descriptor),
    args,
    {
      io: createFakeIo({ stdin: world.stdin ?? "", env: world.env ?? {} }),
      connection: args.strings.get("connection")?.[0] ?? null,
      usualConnection: world.usualConnection ?? null,
      connections: async () => (world.known === undefined ? ["chat"] : world.known),
      options: world.options ?? (async () => null),
      askSecret: world.askSecret ?? (async () => null),
    },
    `botyard ${name.replace(".", " ")}`,
  );
}

it("takes the connection from prefix, -c, environment, or the only one, in this order", async () => {
  const known = ["chat", "cloud", "home"];
  const usualConnection = "home";
  expect(await input("bots.get", ["cloud/helper"], { known, usualConnection })).toEqual({
    connection: "cloud",
    bot: "helper",
  });
  expect(await input("bots.get", ["helper", "-c", "chat"], { known, usualConnection })).toMatchObject({
    connection: "chat",
  });
  expect(await input("bots.get", ["helper"], { known, usualConnection })).toMatchObject({ connection: "home" });
  expect(await input("bots.get", ["helper"])).toMatchObject({ connection: "chat" });
});

it("lists the connections where it cannot tell", async () => {
  await expect(input("bots.get", ["helper"], { known: ["chat", "cloud"] })).rejects.toThrow(
    /which connection\? There are chat, cloud/,
  );
  await expect(input("bots.get", ["chatt/helper"], { known: ["chat", "cloud"] })).rejects.toThrow(
    /there is no connection "chatt"\. There are chat, cloud/,
  );
  await expect(input("bots.get", ["helper"], { known: [] })).rejects.toThrow(/no connection yet/);
});

it("takes only a known connection for a prefix, because room ids hold slashes too", async () => {
  expect(await input("messages.list", ["chat/eng:ops"])).toEqual({ connection: "chat", room: "eng:ops" });
  expect(await input("messages.list", ["team/eng"])).toEqual({ connection: "chat", room: "team/eng" });
  expect(await input("messages.list", ["chat/a/b"])).toEqual({ connection: "chat", room: "a/b" });
});

it("refuses two connections in one command", async () => {
  const known = ["chat", "cloud"];
  await expect(input("rooms.add-bot", ["chat/a", "cloud/helper"], { known })).rejects.toThrow(/two connections/);
  await expect(input("bots.get", ["chat/helper", "-c", "cloud"], { known })).rejects.toThrow(/two connections/);
  expect(await input("rooms.add-bot", ["a", "cloud/helper"], { known })).toEqual({
    connection: "cloud",
    room: "a",
    bot: "helper",
  });
});

it("lists over all connections unless told", async () => {
  const known = ["chat", "cloud"];
  expect(await input("bots.list", [], { known })).toEqual({ connection: "-" });
  expect(await input("bots.list", ["cloud"], { known })).toEqual({ connection: "cloud" });
});

it("keeps a field called connection apart from the path's", async () => {
  expect(await input("keys.create", ["x", "--connection", "chat", "-c", "cloud"])).toEqual({
    name: "x",
    connection: ["chat", "cloud"],
  });
  expect(await input("events.list", ["-c", "chat"])).toEqual({ connection: "chat" });
});

it("merges options, splits lists of names, repeats lists of ids, reads durations", async () => {
  expect(
    await input("bots.update", ["helper", "-o", "public=true", "-o", "occ=docker exec a=b", "--options", "n=5"]),
  ).toMatchObject({
    options: { public: true, occ: "docker exec a=b", n: 5 },
  });
  expect(
    await input("keys.create", [
      "x",
      "--allow",
      "events.*,messages.send",
      "--room",
      "chat/a,b",
      "--room",
      "chat/c",
      "--expires",
      "30d",
    ]),
  ).toEqual({
    name: "x",
    allow: ["events.*", "messages.send"],
    room: ["chat/a,b", "chat/c"],
    expiresMs: 2_592_000_000,
  });
});

it("clears", async () => {
  expect(await input("bots.update", ["helper", "--clear", "display-name"])).toMatchObject({ displayName: null });
  await expect(input("bots.update", ["helper", "--clear", "username"])).rejects.toThrow(/cannot be cleared/);
  await expect(input("bots.update", ["helper", "--clear", "description", "--description", "x"])).rejects.toThrow(
    /contradict/,
  );
});

it("takes secrets from the environment, a file or standard input, and never from the command line", async () => {
  const folder = await mkdtemp(join(tmpdir(), "botyard-cli-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "t"), "from file\n");
  const secret = (given: string, world: World = {}): Promise<unknown> =>
    input("credentials.import", ["chat", "bot-token", "--secret", given], world).then((made) => made["secret"]);
  expect(await secret("env:T", { env: { T: "from env" } })).toBe("from env");
  expect(await secret(`file:${join(folder, "t")}`)).toBe("from file");
  expect(await secret("-", { stdin: "from stdin\n" })).toBe("from stdin");
  await expect(secret("hunter2")).rejects.toThrow(/no secret on the command line/);
  await expect(secret("hunter2")).rejects.not.toThrow(/hunter2/);
  await expect(secret("env:NONE")).rejects.toThrow(/NONE is not set/);
  const asked = await input("credentials.import", ["chat", "bot-token"], { askSecret: async () => "typed" });
  expect(asked["secret"]).toBe("typed");
  await expect(input("credentials.import", ["chat", "bot-token"])).rejects.toThrow(/--secret is missing/);
});

it("reads a file as bytes with type, size and name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "botyard-cli-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "avatar.png");
  await writeFile(path, "abc");
  const made = await input("files.upload", ["--file", path]);
  expect(made).toMatchObject({ connection: "chat", name: "avatar.png", file: { type: "image/png", size: 3 } });
  expect(await new Response((made["file"] as Bytes).body).text()).toBe("abc");
  await expect(input("bots.set-icon", ["helper"])).rejects.toThrow(/--file is missing/);
  await expect(input("bots.set-icon", ["helper", "--file", join(folder, "none")])).rejects.toThrow(/cannot be read/);
});

it("reads a message from standard input for -", async () => {
  expect(await input("messages.send", ["lobby", "-"], { stdin: "two\nlines\n" })).toMatchObject({ text: "two\nlines" });
});

it("says which argument is missing and which is too many", async () => {
  await expect(input("messages.send", ["lobby"])).rejects.toMatchObject({
    message: "botyard messages send: <text> is missing",
    details: { fix: "botyard messages send <[connection/]room> <text>" },
  });
  await expect(input("messages.send", ["lobby", "hello", "world"])).rejects.toThrow(/"world" is one argument too many/);
});

it.each([
  ["keys.create", ["x", "--preset", "boot"], /--preset expects one of reader, bot, operator, admin/],
  ["bots.list", ["--limit", "ten"], /--limit expects a number/],
  ["messages.send", ["a", "b", "--mentions", "{"], /--mentions expects JSON/],
  ["bots.update", ["helper", "-o", "novalue"], /--options expects key=value/],
])("refuses %s %j", async (name, argv, why) => {
  await expect(input(name, argv)).rejects.toThrow(why);
});
