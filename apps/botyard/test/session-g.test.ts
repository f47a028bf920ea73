import { expect, it, vi } from "vitest";
import { createMachine, type Machine, startService } from "./program.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 90_000 });

/** A service, a bot of its own socket on a server without resume, a program that reads for it. */
async function night(): Promise<{ machine: Machine; run: (line: string) => ReturnType<Machine["run"]> }> {
  const machine = createMachine();
  const run = (line: string) => machine.run(line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', "")) ?? []);
  await startService(machine);
  for (const line of [
    "connect sandbox --id desk -o profiles=per-bot-copies,no-resume",
    "bots create desk/tickets",
    "rooms add-bot desk/eng:ops tickets",
    "consumers put tickets --bot desk/tickets --max-age 10m",
    'sandbox say desk/eng:ops "hello"',
    'messages send desk/eng:ops "yes" --as tickets',
  ]) {
    const { code, err } = await run(line);
    if (code !== 0) throw new Error(`${line}: ${err}`);
  }
  return { machine, run };
}

it("names the revoked token behind a silent bot, what mends it, and what happens then", async () => {
  const { run } = await night();
  await run("sandbox fault revoke -c desk --bot tickets");
  await run("sandbox fault cut -c desk");
  let found = await run("doctor desk/tickets --room desk/eng:ops");
  // The socket is opened again before anybody knows that the token is gone.
  while (!/^credential +FAIL/m.test(found.out)) found = await run("doctor desk/tickets --room desk/eng:ops");
  await run('sandbox say desk/eng:ops "nobody hears me"');
  expect(found.code).toBe(1);
  const lines = found.out.split("\n");
  const subjects = lines.flatMap((line) => /^(\w+) +(ok|i|wait|FAIL|-) /.exec(line)?.slice(1, 3).join(" ") ?? []);
  expect(subjects.filter((line) => !line.startsWith("profiles"))).toEqual([
    "service ok",
    "connection i",
    "bot ok",
    "credential FAIL",
    "room ok",
    "log wait",
    "consumer ok",
    "send ok",
  ]);
  expect(lines[0]).toMatch(/^service +ok +up \d+ s · disk \d+ % free · clock [+-]\d\.\d s · http:/);
  expect(found.out).toMatch(/^credential +FAIL +bot-token auth_required since \d\d:\d\d: .*revoked/m);
  expect(found.out).toMatch(/^log +wait +gap_\d+ open since \d\d:\d\d: /m);
  expect(found.out).toMatch(/^cause +bot-token auth_required/m);
  expect(found.out).toMatch(/^fix +.* credentials issue desk\/tickets$/m);
  expect(found.out).toMatch(/^then +gap_\d+ is filled from history.*"tickets" then skips .*maxAgeMs 600000/m);

  const status = await run("status");
  expect(status.out).toMatch(/^desk +sandbox +degraded .* 0\/1/m);
  expect(status.out).toMatch(/^desk {2}cause: tickets: /m);
  expect(status.out).toMatch(/^chat +sandbox +ready /m);

  const mended = await run("credentials issue desk/tickets");
  expect(mended.out).toMatch(
    /^issued {2}bot-token for desk\/tickets\n +gap_\d+ \d\d:\d\d–\d\d:\d\d filled, \d+ messages? from history/,
  );
  const after = await run("doctor desk/tickets --room desk/eng:ops --json");
  expect(JSON.parse(after.out)).not.toHaveProperty("cause");
  const events = await run("events tail --bot desk/tickets --type message.*");
  expect(events.out).toMatch(/nobody hears me {2}\(backfilled\)/);
});

it("says that nothing is broken where nobody spoke to the bot", async () => {
  const { run } = await night();
  const { code, out } = await run("doctor desk/tickets --room desk/eng:ops");
  expect(code).toBe(0);
  expect(out).toMatch(/^log +ok +last event in this room .*not addressed to the bot/m);
  expect(out).toMatch(/^then +nothing is broken: nobody spoke to it$/m);
});
