import { expect, it, vi } from "vitest";
import { createMachine, startService } from "./program.ts";

// Many programs are started one after the other: on a machine with other work that takes its time.
vi.setConfig({ testTimeout: 90_000 });

const grant = (
  "keys create agent --bot chat/helper --room chat/eng:ops --room chat/eng:alerts " +
  "--allow events.read,messages.send,messages.reply --rate 4/min --expires 30d"
).split(" ");

async function agent() {
  const machine = createMachine();
  const { url } = await startService(machine);
  for (const line of ["rooms add-bot chat/eng:ops helper", "rooms add-bot chat/eng:alerts helper"])
    expect((await machine.run(line.split(" "))).err).toBe("");
  const planned = await machine.run([...grant, "--dry-run"]);
  const made = await machine.run(grant);
  const key = /BOTYARD_KEY=(by_\w+)/.exec(made.out)?.[1] ?? "";
  // As `curl -d` sends it, which is what people type.
  const type = "application/x-www-form-urlencoded";
  const call = async (path: string, body?: object) => {
    const response = await fetch(`${url}/v1${path}`, {
      headers: { authorization: `Bearer ${key}`, "content-type": type },
      ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { machine, url, key, planned, call };
}

it("says before a key is made what it may do, and makes nothing", async () => {
  const { machine, planned, call } = await agent();
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  expect(planned.out).toBe(
    [
      "may     read events of these 2 rooms; send and reply there as chat/helper, at most 4 calls a minute",
      "may not direct messages, other rooms, other bots, history, lists of rooms and members, edits, deletions, reactions, files, @channel/@all, consumers, rooms and members, bots, credentials, connections, webhooks, keys, audit, acting as people, raw calls",
      `expires ${day}      (nothing created: --dry-run)`,
      "",
    ].join("\n"),
  );
  const keys = JSON.parse((await machine.run(["keys", "list", "--json"])).out) as { items: { name: string }[] };
  expect(keys.items.map((key) => key.name)).toEqual(["admin", "agent"]);
  const me = await call("/whoami");
  expect(me.body["may"]).toEqual([
    "read events of these 2 rooms",
    "send and reply there as chat/helper, at most 4 calls a minute",
  ]);
});

it("refuses every other room alike, says what is allowed, and streams its rooms only", async () => {
  const { machine, url, key, call } = await agent();
  const hidden = await call("/connections/chat/rooms/eng:finance/messages", { text: "hi" });
  expect(hidden).toMatchObject({
    status: 403,
    body: {
      code: "forbidden",
      effect: "none",
      detail: 'key "agent" may not use messages.send in chat/eng:finance',
      allowed: { rooms: ["chat/eng:ops", "chat/eng:alerts"] },
    },
  });
  const there = await call("/connections/chat/rooms/lobby/messages", { text: "hi" });
  expect(there.body["detail"]).toBe('key "agent" may not use messages.send in chat/lobby');
  const loud = await call("/connections/chat/rooms/eng:ops/messages", { text: "@channel wake up" });
  expect(loud).toMatchObject({
    status: 403,
    body: { detail: expect.stringContaining("notify a whole room") as string },
  });

  const ended = new AbortController();
  const stream = await fetch(`${url}/v1/events/stream?from=now`, {
    headers: { authorization: `Bearer ${key}` },
    signal: ended.signal,
  });
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  await machine.run(["sandbox", "say", "chat/lobby", "in the lobby"]);
  await machine.run(["sandbox", "say", "chat/eng:ops", "in ops"]);
  expect(stream.status).toBe(200);
  while (!text.includes("in ops")) text += (await reader?.read())?.value ?? "";
  expect(text).not.toContain("in the lobby");
  ended.abort();
});

it("shows the loop in the audit, and a revocation says what it ended", async () => {
  const { machine, url, key, call } = await agent();
  const stream = await fetch(`${url}/v1/events/stream`, { headers: { authorization: `Bearer ${key}` } });
  const reading = new Response(stream.body).text();
  for (let n = 0; n < 6; n += 1) await call("/connections/chat/rooms/eng:ops/messages", { text: `loop ${n}` });
  const audit = await machine.run(["audit", "list", "--key", "agent", "--since", "1h"]);
  expect(audit.out).toMatch(/^TIME +KEY +OPERATION +WHERE +ANSWER$/m);
  expect(audit.out).toMatch(/agent +messages\.send +chat\/eng:ops +refused rate_limited, 2 more like it$/m);
  expect(audit.out).not.toContain("loop");
  const revoked = await machine.run(["keys", "revoke", "agent", "--yes"]);
  expect(revoked.out).toBe("revoked  agent now; 1 open stream closed, 0 queued sends cancelled\n");
  expect(await reading).toContain("event: error");
  expect((await call("/whoami")).status).toBe(401);
});
