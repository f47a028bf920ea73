import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { createMachine, startService } from "./program.ts";
import { startStoat } from "./stoat-server.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 150_000 });

it("takes a community owner from an account to an answering bot, and through the day its token was pasted", async () => {
  const stoat = await startStoat();
  try {
    const machine = createMachine();
    await startService(machine);
    const env = { STOAT_SESSION: stoat.session };
    const run = (line: string) => machine.run(line.split(" "), { env });
    const connected = await run(`connect stoat ${stoat.url} --id home --owner-session env:STOAT_SESSION`);
    expect(connected.out).toMatch(/✓ Stoat 0\.15\.1 .*ready · saved as home/);
    expect(connected.out).toMatch(/2000 bytes a message/);
    expect(connected.out).toMatch(/OAuth2 settings: none \(this instance has no \/oauth2\)/);
    expect(connected.out).toMatch(/this account may own 2 bots while new, 5 later/);

    const made = await run("bots create home/bot --username ボット");
    expect(made.out).toMatch(/^created {2}home\/bot/m);
    expect(made.out).toMatch(
      /asked for "ボット", the server made it "tッr"\. Other name: .* bots update home\/bot --username <name>$/m,
    );
    writeFileSync(
      join(machine.folder, "avatar.png"),
      Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ", "base64"),
    );
    expect((await run("bots set-icon home/bot --file avatar.png")).code).toBe(0);
    expect((await run("bots update home/bot -o public=true")).code).toBe(0);
    expect((await run("bots update home/bot -o oauth2={}")).code).toBe(6);
    const rooms = await run("rooms list home");
    expect(rooms.out).toMatch(/^community +space.* -$/m);
    expect(rooms.out).toMatch(/^community:general +channel/m);
    expect((await run("rooms add-bot home/community bot")).out).toMatch(/^joined .*invited to the server/);
    expect((await run("rooms list home")).out).toMatch(/^community +space.* bot$/m);
    expect((await run("messages send home/community:general hello --as bot")).out).toMatch(/^sent {2}op_/);
    await vi.waitFor(async () => expect((await run("bots list home")).out).toMatch(/^home +bot .*ready/m), 20_000);

    stoat.closeStaff();
    const [before] = [...stoat.sim.world.bots.values()];
    const old = before?.token;
    const rotated = await run("credentials rotate home/bot --yes");
    expect(rotated.out).toMatch(/^rotated {2}bot-token of home\/bot {2}old token refused \(checked\)$/m);
    expect(rotated.out).toMatch(/gap_\d+ \S+ filled, \d+ messages? from history/);
    expect(rotated.out).toMatch(/^lost +\S+: the bot may not read the history of this channel; recorded as gap_\d+$/m);
    for (const token of [old, before?.token]) expect(rotated.out + rotated.err).not.toContain(token);
    stoat.say("after it");
    await vi.waitFor(async () => expect((await run("events list --limit 50")).out).toContain("after it"), 20_000);
  } finally {
    await stoat.close();
  }
});
