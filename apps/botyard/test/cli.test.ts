import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { createMachine, startService } from "./program.ts";

it("shows its version and nothing else", async () => {
  const { code, out, err } = await createMachine().run(["--version"]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^botyard \d+\.\d+\.\d+\n$/);
});

it("finds the running service by its data directory, and by BOTYARD_URL and BOTYARD_KEY", async () => {
  const machine = createMachine();
  const { url, service } = await startService(machine);
  const status = await machine.run(["status"]);
  expect(status.err).toBe("");
  expect(status.out).toContain(`${url} · up`);
  expect(status.out).toMatch(/chat +sandbox +ready .* 1\/1/);

  const key = readFileSync(join(machine.data, "admin.key"), "utf8").trim();
  const away = { BOTYARD_DATA: join(machine.folder, "elsewhere"), BOTYARD_URL: url };
  const named = await machine.run(["whoami"], { env: { ...away, BOTYARD_KEY: key } });
  expect(named).toMatchObject({ code: 0, out: expect.stringMatching(/^admin /) as string });
  const keyless = await machine.run(["whoami"], { env: away });
  expect(keyless).toMatchObject({
    code: 3,
    err: expect.stringMatching(/its key is not in[^]*fix .*keys create tester/) as string,
  });
  const wrong = await machine.run(["whoami"], { env: { ...away, BOTYARD_KEY: "by_wrong" } });
  expect(wrong).toMatchObject({
    code: 3,
    err: expect.stringMatching(/^error: unauthenticated[^]*request +req_/) as string,
  });

  expect(await service.end()).toMatchObject({ code: 0 });
  const alone = await machine.run(["connections", "list"]);
  expect(alone.err).toMatch(/no service is running/);
});

it("keeps the data directory, its keys and the service's file to this user", async () => {
  const machine = createMachine();
  await startService(machine);
  const mode = (name: string): number => statSync(join(machine.data, name)).mode & 0o777;
  expect(mode(".")).toBe(0o700);
  for (const name of ["admin.key", "service.json", "seal.key"]) expect(mode(name), name).toBe(0o600);
});

it("says where the key is when it cannot be read", async () => {
  const machine = createMachine();
  await startService(machine);
  writeFileSync(join(machine.data, "admin.key"), "");
  const { code, err } = await machine.run(["status"]);
  expect(code).toBe(3);
  expect(err).toMatch(/^error: unauthenticated {2}a Botyard service answers at http:.*its key/);
});

it("refuses a second service on one data directory, and a port that is taken", async () => {
  const machine = createMachine();
  await startService(machine);
  const second = await machine.run(["serve", "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"]);
  expect(second).toMatchObject({ code: 5, err: expect.stringMatching(/^error: conflict .*already/) as string });

  const blocker = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void blocker.close());
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as { port: number };
  const other = createMachine();
  const taken = await other.run(["serve", "--listen", `127.0.0.1:${port}`, "--hooks-listen", "127.0.0.1:0"]);
  expect(taken).toMatchObject({ code: 5, err: expect.stringMatching(/^error: conflict .*[Pp]ort/) as string });
});

it("does not listen beyond this machine without TLS unless told", async () => {
  const { code, err } = await createMachine().run(["serve", "--listen", "0.0.0.0:0"]);
  expect(code).toBe(2);
  expect(err).toMatch(/without TLS[^]*--plain/);
});

it("sends, reads and removes through the service", async () => {
  const machine = createMachine();
  await startService(machine);
  const sent = await machine.run(["messages", "send", "chat/lobby", "hello from the shell", "--as", "helper"]);
  expect(sent.out).toMatch(/^sent {2}op_\w+ {2}message \S+\n$/);
  expect((await machine.run(["messages", "list", "lobby", "--as", "helper"])).out).toContain("hello from the shell");

  const icon = join(machine.folder, "avatar.png");
  writeFileSync(icon, Buffer.from("89504e470d0a1a0a0000000d", "hex"));
  expect((await machine.run(["bots", "set-icon", "helper", "--file", icon])).err).toBe("");
  expect((await machine.run(["bots", "get-icon", "helper", "--file", join(machine.folder, "copy")])).code).toBe(0);
  expect(readFileSync(join(machine.folder, "copy"))).toEqual(readFileSync(icon));

  const refused = await machine.run(["bots", "delete", "helper"]);
  expect(refused).toMatchObject({ code: 2, err: expect.stringMatching(/--yes\n/) as string });
  expect(await machine.run(["bots", "delete", "helper", "--yes"])).toMatchObject({
    code: 0,
    out: "deleted  chat/helper\n",
  });
});

it("does an idempotent send once", async () => {
  const machine = createMachine();
  await startService(machine);
  const send = (text: string) =>
    machine.run(["messages", "send", "lobby", text, "--as", "helper", "--idempotency-key", "k1", "--json"]);
  const [first, second] = [await send("once"), await send("once")];
  expect(JSON.parse(second.out)).toEqual(JSON.parse(first.out));
  expect(await send("other")).toMatchObject({ code: 5, out: "" });
});

it("follows events until Ctrl-C", async () => {
  const machine = createMachine();
  await startService(machine);
  const tail = machine.start(["events", "tail", "-f", "--json", "--type", "message.*"]);
  const people = machine.start(["events", "tail", "-f", "--from", "now"]);
  // Said again until both see it: nobody says when a follower has begun.
  const seen = Promise.all([tail.until(/are you there/), people.until(/are you there.* → helper/)]);
  let both = false;
  void seen.then(() => (both = true));
  while (!both) await machine.run(["sandbox", "say", "lobby", "@helper are you there?"]);
  await seen;
  const line =
    tail
      .out()
      .split("\n")
      .find((one) => one.includes("are you there")) ?? "";
  expect(JSON.parse(line)).toMatchObject({ type: "message.created", addressed: ["helper"] });
  expect(await tail.end("SIGINT")).toMatchObject({ code: 0, err: "" });
  expect(await people.end("SIGINT")).toMatchObject({ code: 0 });
});

it("names what keeps a bot silent and exits 1", async () => {
  const machine = createMachine();
  const { service } = await startService(machine);
  const well = await machine.run(["doctor", "chat/helper", "--room", "chat/lobby"]);
  expect(well).toMatchObject({ code: 0, out: expect.stringMatching(/^room +ok .*may post$/m) as string });
  await machine.run(["bots", "disable", "helper"]);
  const disabled = await machine.run(["doctor", "chat/helper"]);
  expect(disabled.code).toBe(1);
  expect(disabled.out).toMatch(/^bot +FAIL +chat\/helper is disabled/m);
  expect(disabled.out).toMatch(/^fix +.*bots enable chat\/helper$/m);
  await service.end();
  const off = JSON.parse((await machine.run(["doctor", "--json"])).out) as {
    cause: string;
    lines: { state: string }[];
  };
  expect(off.cause).toMatch(/no service is running/);
});

it("prints steps to do and waits for nobody where nobody is", async () => {
  const machine = createMachine();
  await startService(machine);
  const connected = await machine.run(["connect", "sandbox", "--id", "cloud", "-o", 'profiles=["operator-install"]']);
  expect(connected.code, connected.err).toBe(0);
  const made = await machine.run(["bots", "create", "cloud/talker"]);
  expect(made.code, made.err).toBe(0);
  expect(made.out).toMatch(/^ONE STEP ON YOUR SERVER {3}step_\w+ · cloud · /m);
  expect((await machine.run(["steps", "list"])).out).toMatch(/step_\w+ +cloud +talker +open/);
});

it("ends at once when the reader of a pipe has seen enough", async () => {
  const machine = createMachine();
  await startService(machine);
  const self = [
    process.execPath,
    ...(process.versions["deno"] ? ["run", "-A"] : []),
    join(import.meta.dirname, "../src/main.ts"),
  ];
  const { code, out, err } = await machine.shell(
    `${self.map((word) => `'${word}'`).join(" ")} events list --json | head -1`,
  );
  expect({ code, out, err }).toEqual({ code: 0, out: "{\n", err: "" });
});
