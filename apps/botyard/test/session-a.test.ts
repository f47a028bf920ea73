import { createHmac } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { startMattermost } from "./mattermost-server.ts";
import { createMachine, type Machine, startService } from "./program.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 150_000 });

const words = (line: string): string[] => line.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", "")) ?? [];

async function started() {
  const machine = createMachine();
  const { url, service } = await startService(machine);
  return {
    machine,
    url,
    service,
    run: (line: string, more?: Parameters<Machine["run"]>[1]) => machine.run(words(line), more),
  };
}

it("creates a bot where only a person can, shows the line to paste, and sees that it was done", async () => {
  const { machine, run } = await started();
  const connected = await run("connect sandbox --id cloud -o profiles=operator-install");
  expect(connected.out).toMatch(/^ {2}✓ Botyard sandbox \S+ · signed in at the console · ready · saved as cloud$/m);
  const made = await run("bots create cloud/talker --display-name Helper --description 'Answers questions'");
  expect(made.code).toBe(0);
  expect(made.out).toMatch(/^ONE STEP ON YOUR SERVER {3}step_1 · cloud · Install the bot "Helper"$/m);
  expect(made.out).toMatch(/the leading space keeps it out of history/);
  const line = /^ {3}(sandbox bot:install .*)$/m.exec(made.out)?.[1] ?? "";
  expect(line).toContain("'Helper' 'Answers questions'");
  const waiting = await run("status");
  expect(waiting.out).toMatch(/^cloud +sandbox .* 0\/1 .* step_1$/m);
  const blocked = await run("messages send cloud/lobby hello --as talker");
  expect(blocked).toMatchObject({
    code: 7,
    err: expect.stringMatching(/^error: operator_required[^]*steps get step_1/) as string,
  });

  expect((await machine.run(["sandbox", "operate", line, "-c", "cloud"])).code).toBe(0);
  expect((await run("steps verify step_1")).out).toMatch(/^step_1 {2}done {2}found by its URL/);
  expect((await run("status")).out).toMatch(/^cloud +sandbox +ready .* 1\/1 .* -$/m);
  expect((await run("rooms add-bot cloud/lobby talker")).code).toBe(0);
  expect((await run("messages send cloud/lobby hello --as talker")).out).toMatch(/^sent {2}op_/);
});

it("finds bots that a server disabled with their owner, and brings them back with what they missed", async () => {
  const server = await startMattermost();
  try {
    const { run } = await started();
    const env = { ADMIN_TOKEN: server.adminToken };
    const connected = await run(`connect mattermost ${server.url} --id mm --token env:ADMIN_TOKEN`, { env });
    expect(connected.out).toMatch(
      /^ {2}✓ Mattermost 11\.1\.0 · clock [+-]\d\.\d s · signed in as ops-admin \(system_admin.*\) · ready · saved as mm$/m,
    );
    expect(connected.out).toMatch(/^ {2}i used for bots, credentials, memberships.*never to read or write messages$/m);
    const carol = server.person("carol");
    for (const bot of ["alerts", "deploy"]) {
      expect((await run(`bots create mm/${bot}`)).out).toMatch(
        new RegExp(`^created {2}mm/${bot} {2}id \\w+ {2}owner ops-admin {2}credential sealed$`, "m"),
      );
      expect((await run(`rooms add-bot mm/eng:ops ${bot}`)).out).toMatch(/^joined {2}mm\/eng:ops {2}.* by ops-admin$/m);
      expect((await run(`bots assign mm/${bot} carol`)).out).toBe(`assigned  mm/${bot}  to carol\n`);
    }
    await server.deactivate(carol.id);
    const status = async (): Promise<string> => (await run("status")).out;
    await vi.waitFor(
      async () =>
        expect(await status()).toMatch(
          /^mm {2}cause: \w+, \w+: .*owner.* was deactivated.* \(DisableBotsWhenOwnerIsDeactivated\)$/m,
        ),
      {
        timeout: 60_000,
        interval: 500,
      },
    );
    server.say("nobody hears me");
    const shown = await status();
    expect(shown).toMatch(/^mm +mattermost +degraded .* 0\/2 /m);
    expect(shown).toMatch(/^ +fix +.* bots enable mm\/alerts$/m);
    expect(shown).toMatch(/^chat +sandbox +ready /m);

    expect((await run("bots assign mm/alerts ops-admin")).code).toBe(0);
    const enabled = await run("bots enable mm/alerts");
    expect(enabled.out).toMatch(
      /^enabled {2}mm\/alerts\n +same token works again · gap_\d+ \d\d:\d\d–\d\d:\d\d filled, 1 message from history$/m,
    );
    expect((await run("events tail --bot mm/alerts --type message.*")).out).toMatch(
      /nobody hears me {2}\(backfilled\)/,
    );
    expect(await status()).toMatch(/^mm +mattermost +degraded .* 1\/2 /m);
    // Disabled by ourselves it is no fault.
    expect((await run("bots disable mm/alerts")).code).toBe(0);
    expect((await run("bots disable mm/deploy")).code).toBe(0);
    expect(await status()).toMatch(/^mm +mattermost +ready .* 0\/2 /m);

    const refused = await run("bots delete mm/alerts --yes");
    expect(refused.code).toBe(6);
    expect(refused.err).toMatch(/^error: unsupported {2}Mattermost has no deletion of bots\. Nothing was changed\.$/m);
    expect(refused.err).toMatch(/bots disable mm\/alerts, or stop managing it: botyard bots release mm\/alerts$/m);
  } finally {
    await server.close();
  }
});

it("says what a server cannot do, why, and another way", async () => {
  const { run } = await started();
  await run("connect sandbox --id cloud -o profiles=operator-install");
  const refused = await run("users convert-to-bot cloud/alice alice --yes");
  expect(refused.code).toBe(6);
  expect(refused.err).toMatch(
    /^error: unsupported {2}Sandbox: Installed bots are no accounts here\. Nothing was changed\./,
  );
});

it("shows readers, their kind and what waits in the status", async () => {
  const { run } = await started();
  await run("consumers put tickets --bot chat/helper");
  await run("sandbox say lobby '@helper hello'");
  const { out } = await run("status");
  expect(out).toMatch(/^botyard \S+ · http:\S+ · up \d+ s · log #\d+, 30 d kept, \d+ \wB · hooks http:/);
  expect(out).toMatch(/^CONSUMER +KIND +READS +WAITING +OLDEST +LAST ACK$/m);
  expect(out).toMatch(/^tickets +pull +chat\/helper +[1-9]\d* +\d+ s +-$/m);
  expect(out).toMatch(/^LEDGER {2}sent \d+ · failed 0 · unknown 0$/m);
  const json = JSON.parse((await run("status --json")).out) as Record<string, unknown>;
  expect(Object.keys(json)).toEqual(expect.arrayContaining(["connections", "consumers", "webhooks", "disk", "ledger"]));
});

it("keeps a login for this user, and uses it where no other service is named", async () => {
  const { machine, url, run } = await started();
  const key = /by_\w+/.exec((await run("keys create ops --preset admin")).out)?.[0] ?? "";
  const elsewhere = { HOME: join(machine.folder, "home"), BOTYARD_DATA: "" };
  const before = await run("whoami", { env: elsewhere });
  expect(before.code).not.toBe(0);
  expect((await run(`login ${url} --key env:OPS`, { env: { ...elsewhere, OPS: "by_wrong" } })).code).toBe(3);
  const login = await run(`login ${url} --key env:OPS`, { env: { ...elsewhere, OPS: key } });
  expect(login.out).toMatch(/^signed in {2}http:\S+ as ops · kept in .*login\.json/);
  const file = / kept in (\S+),/.exec(login.out)?.[1] ?? "";
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await run("whoami", { env: elsewhere })).out).toMatch(/^ops {2}admin/);
  // A key of one's own in the environment wins over what is kept.
  expect((await run("whoami", { env: { ...elsewhere, BOTYARD_KEY: "by_wrong" } })).code).toBe(3);
  expect((await run("logout", { env: elsewhere })).out).toMatch(/^signed out/);
  expect((await run("whoami", { env: elsewhere })).code).not.toBe(0);
});

it("backs up while it runs, is restored without it, and gets a new seal key", async () => {
  const { machine, service, run } = await started();
  const file = join(machine.folder, "copy.db");
  const saved = await run(`backup ${file}`);
  expect(saved.out).toMatch(/^saved {2}.*copy\.db {2}\d+ kB · log #\d+ · whole/);
  expect(saved.err).toContain("seal.key");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect((await run(`backup ${file}`)).code).toBe(2);
  await run("bots create chat/later");
  expect((await run(`restore ${file} --yes`)).code).toBe(5);
  expect((await run("secrets rekey")).code).toBe(5);
  await service.end();

  const refused = await run(`restore ${file}`);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("--yes") as string });
  const restored = await run(`restore ${file} --yes`);
  expect(restored.out).toMatch(/^restored {2}.*\nkept {6}.*botyard\.db\.before-/);
  const bots = JSON.parse((await run("bots list chat --json")).out) as { items: { handle: string }[] };
  expect(bots.items.map((bot) => bot.handle)).toEqual(["helper"]);
  const before = readFileSync(join(machine.data, "seal.key"), "utf8");
  expect((await run("secrets rekey")).out).toMatch(/^rekeyed {2}\d+ secrets/);
  expect(readFileSync(join(machine.data, "seal.key"), "utf8")).not.toBe(before);
  expect(readdirSync(machine.data).some((name) => name.startsWith("seal.key.before-"))).toBe(true);
  writeFileSync(file, "no database");
  expect((await run(`restore ${file} --yes`)).code).toBe(1);
  expect((await run("credentials list chat")).out).toContain("helper");
});

it("forwards what happens to a program on this machine, signed", async () => {
  const { machine, run } = await started();
  const shared = Buffer.from("a secret for this test only");
  const secret = `whsec_${shared.toString("base64")}`;
  const got: { text: string; ok: boolean }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature } = request.headers;
      const mac = createHmac("sha256", shared)
        .update(`${String(id)}.${String(time)}.${body}`)
        .digest("base64");
      const event = JSON.parse(body) as { content?: { text: string } };
      got.push({ text: event.content?.text ?? "", ok: signature === `v1,${mac}` });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    const argv = ["events", "tail", "-f", "--forward-to", `http://127.0.0.1:${port}/hook`, "--secret", "env:SECRET"];
    const tail = machine.start([...argv, "--type", "message.*"], { env: { SECRET: secret } });
    while (got.length === 0) await run("sandbox say lobby 'are you there'");
    expect(got[0]).toEqual({ text: "are you there", ok: true });
    const ended = await tail.end("SIGINT");
    expect(ended.err).toMatch(/→ 204 in \d+ ms {2}evt_/);
    expect(ended.err).not.toContain(secret);
  } finally {
    server.close();
  }
});

it("prints what starts it on each system, and completion for each shell", async () => {
  const machine = createMachine();
  const unit = await machine.run(["service", "print", "systemd"]);
  expect(unit.out).toMatch(/^ExecStart=\/.* serve$/m);
  expect((await machine.run(["service", "print", "launchd"])).out).toContain("<string>serve</string>");
  expect((await machine.run(["service", "print", "windows"])).out).toContain("Register-ScheduledTask");
  for (const shell of ["bash", "zsh", "fish", "powershell"])
    expect((await machine.run(["completion", shell])).out).toContain("botyard");
  expect((await machine.run(["complete", "--", "sandbox", "s"])).out).toMatch(/^say\t/m);
  // Without a service a name is offered by nobody, and nothing is said about it.
  expect(await machine.run(["complete", "--", "bots", "get", ""])).toEqual({ code: 0, out: ":4\n", err: "" });
  await startService(machine);
  expect((await machine.run(["complete", "--", "bots", "get", "h"])).out).toMatch(/^helper\thelper$/m);
  expect((await machine.run(["complete", "--", "messages", "send", "l"])).out).toMatch(/^lobby\tLobby$/m);
  expect((await machine.run(["complete", "--", "doctor", "--room", "eng"])).out).toMatch(/^eng:ops\tOps$/m);
  expect((await machine.run(["service", "print", "systemv"])).code).toBe(2);
});
