import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { errorTable, type ErrorCode } from "@botyard/sdk";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createCaller, type Json, startServe, until } from "./http-call.ts";
import { createMachine, type Machine } from "./program.ts";

/** Bad files, folders, ports and settings: the service does not start, says why, and leaves everything as it was. */

const listen = ["--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0"];
const stack = /\n\s+at |\.ts:\d|node:internal/;

const ends: (() => void)[] = [];
/** A data directory as a service leaves it: connection `chat`, bot `helper` with a sealed token, one message sent. */
let made: Machine;
let operation: string;

beforeAll(async () => {
  made = createMachine((end) => void ends.push(end));
  const admin = await startServe(made);
  await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
  await admin.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
  await admin.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
  const sent = await admin.must(201, "POST", "/v1/connections/chat/rooms/lobby/messages", { text: "kept" });
  operation = String(sent["operation"]);
  expect((await admin.service.end()).code).toBe(0);
});

afterAll(() => {
  for (const end of ends) end();
});

/** A machine with a copy of that directory. */
function createFilledMachine(): Machine {
  const machine = createMachine();
  cpSync(made.data, machine.data, { recursive: true, preserveTimestamps: true });
  return machine;
}

/** Every file with what is in it; the lock and its note belong to whoever runs. */
function bytesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => !/^service\.|-(?:shm|wal)$/.test(name));
  return Object.fromEntries(
    names.map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
}

interface Bad {
  readonly name: string;
  /** Makes it bad; what it returns is put behind `serve`. */
  readonly spoil: (machine: Machine) => readonly string[] | Promise<readonly string[]> | undefined | void;
  readonly code: ErrorCode;
  readonly says: readonly (string | RegExp)[];
  readonly hides?: string;
}

const database = (machine: Machine): string => join(machine.data, "botyard.db");
const patch = (file: string, at: number, bytes: Uint8Array): void => {
  const whole = readFileSync(file);
  whole.set(bytes, at);
  writeFileSync(file, whole);
};
const settings = (machine: Machine, text: string): readonly string[] => {
  const file = join(machine.folder, "botyard.yaml");
  writeFileSync(file, text);
  return ["--config", file];
};
/** A port somebody else listens on. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as { port: number }).port;
}

const databases: readonly Bad[] = [
  {
    name: "from a newer version",
    spoil: (machine) => {
      const db = new DatabaseSync(database(machine));
      db.exec("pragma user_version = 99");
      db.close();
    },
    code: "conflict",
    says: ["newer Botyard", "schema 99", "not touched"],
  },
  {
    name: "of another program",
    spoil: (machine) => {
      rmSync(database(machine));
      const db = new DatabaseSync(database(machine));
      db.exec("create table recipes (name text); insert into recipes values ('soup')");
      db.close();
    },
    code: "conflict",
    says: ["another program", "not touched"],
  },
  {
    name: "whose header is not SQLite's",
    spoil: (machine) => patch(database(machine), 0, Buffer.from("MIDDEN")),
    code: "internal",
    says: ["damaged", "nothing was overwritten", "backup"],
    hides: "MIDDEN",
  },
  {
    name: "that ends within its header",
    spoil: (machine) => truncateSync(database(machine), 50),
    code: "internal",
    says: ["damaged", "nothing was overwritten"],
  },
  {
    name: "that ends in the middle",
    spoil: (machine) => truncateSync(database(machine), Math.floor(statSync(database(machine)).size / 2)),
    code: "internal",
    says: ["damaged", "nothing was overwritten"],
  },
  {
    name: "with other bytes in the middle",
    spoil: (machine) => {
      const size = statSync(database(machine)).size;
      patch(database(machine), 4096, Buffer.alloc(size - 4096, 0x5a));
    },
    code: "internal",
    says: ["damaged", "nothing was overwritten"],
  },
];

const seals: readonly Bad[] = [
  {
    name: "lost",
    spoil: (machine) => rmSync(join(machine.data, "seal.key")),
    code: "internal",
    says: ["is missing", /unreadable without it: .*chat.*helper/, "No new key was made", "BOTYARD_SEAL_FILE"],
  },
  {
    name: "of another data directory",
    spoil: (machine) => {
      const file = join(machine.data, "seal.key");
      const [label = "", key = ""] = readFileSync(file, "utf8").trim().split(" ");
      const other = createHash("sha256").update(key).digest("base64");
      writeFileSync(file, `${label} ${other}\n`);
    },
    code: "internal",
    says: ["not the one these secrets were sealed with", /unreadable: .*helper/, "Nothing was overwritten"],
  },
  {
    name: "with something else in it",
    spoil: (machine) => writeFileSync(join(machine.data, "seal.key"), "HIDDEN half a key"),
    code: "internal",
    says: ["holds no key", "left as it is"],
    hides: "HIDDEN",
  },
];

const configurations: readonly Bad[] = [
  {
    name: "with a typing error",
    spoil: (machine) => settings(machine, "lisen: 127.0.0.1:0\n"),
    code: "invalid",
    says: ["lisen", "did you mean listen?"],
  },
  {
    name: "with a typing error in a section",
    spoil: (machine) => settings(machine, "retention: { evnets: 30d }\n"),
    code: "invalid",
    says: ["retention.evnets", "did you mean retention.events?"],
  },
  {
    name: "with a setting nobody knows",
    spoil: (machine) => settings(machine, "password: HIDDEN\n"),
    code: "invalid",
    says: ["password", "no such setting", "listen"],
    hides: "HIDDEN",
  },
  {
    name: "with a duration without a unit",
    spoil: (machine) => settings(machine, "retention: { events: 30 }\n"),
    code: "invalid",
    says: ["retention.events", "30d"],
  },
  {
    name: "that is not YAML",
    spoil: (machine) => settings(machine, "listen: [127.0.0.1\nHIDDEN: {"),
    code: "invalid",
    says: ["not YAML", "line 2"],
    hides: "HIDDEN",
  },
  {
    name: "that is not there",
    spoil: (machine) => ["--config", join(machine.folder, "nothing.yaml")],
    code: "not_found",
    says: ["nothing.yaml"],
  },
  {
    name: "with an address without a port",
    spoil: () => ["--listen", "localhost"],
    code: "invalid",
    says: ["--listen", "127.0.0.1:8470"],
  },
  {
    name: "that would send keys readable over the network",
    spoil: () => ["--listen", "0.0.0.0:0"],
    code: "invalid",
    says: ["without TLS", "--plain"],
  },
];

const ports: readonly Bad[] = [
  {
    name: "of the API taken",
    spoil: async () => ["--listen", `127.0.0.1:${await takenPort()}`],
    code: "conflict",
    says: [/[Pp]ort \d+/, /fix .*listen/],
  },
  {
    name: "of the hooks taken",
    spoil: async () => ["--hooks-listen", `127.0.0.1:${await takenPort()}`],
    code: "conflict",
    says: [/[Pp]ort \d+/],
  },
];

for (const [what, rows] of Object.entries({
  "a database": databases,
  "a seal file": seals,
  "a configuration": configurations,
  "a port": ports,
}))
  describe(what, () => {
    for (const { name, spoil, code, says, hides } of rows)
      it(`${name}: ${code}, exit ${errorTable[code].exit}, and nothing changes`, async () => {
        const machine = createFilledMachine();
        const extra = (await spoil(machine)) ?? [];
        const before = bytesOf(machine.data);
        const argv = ["serve", ...listen.filter((_, at) => !extra.includes(listen[at - (at % 2)] ?? "")), ...extra];
        const shown = await machine.run(argv);
        expect(shown).toMatchObject({ code: errorTable[code].exit, out: "" });
        expect(shown.err).toMatch(new RegExp(`^error: ${code}  .`));
        for (const text of says) {
          if (typeof text === "string") expect(shown.err).toContain(text);
          else expect(shown.err).toMatch(text);
        }
        expect(shown.err).not.toMatch(stack);
        if (hides !== undefined) expect(shown.err).not.toContain(hides);
        expect(bytesOf(machine.data)).toEqual(before);
        const coded = await machine.run([...argv, "--json"]);
        expect(coded).toMatchObject({ code: errorTable[code].exit, out: "" });
        expect(JSON.parse(coded.err)).toMatchObject({ code, effect: "none" });
        expect(bytesOf(machine.data)).toEqual(before);
      });
  });

it("commands without a service refuse a bad database and a lost seal file the same way", async () => {
  for (const [spoil, code] of [
    [databases[0]?.spoil, "conflict"],
    [databases[2]?.spoil, "internal"],
    [seals[0]?.spoil, "internal"],
  ] as const) {
    const machine = createFilledMachine();
    await spoil?.(machine);
    const before = bytesOf(machine.data);
    const { code: exit, err } = await machine.run(["bots", "list"]);
    expect(err).toMatch(new RegExp(`^error: ${code}  `, "m"));
    expect(exit).toBe(errorTable[code].exit);
    expect(bytesOf(machine.data)).toEqual(before);
  }
});

it("a seal file that is put back opens everything again", async () => {
  const machine = createFilledMachine();
  const file = join(machine.data, "seal.key");
  const key = readFileSync(file);
  rmSync(file);
  expect((await machine.run(["serve", ...listen])).code).toBe(1);
  writeFileSync(file, key, { mode: 0o600 });
  const admin = await startServe(machine);
  expect(await admin.must(200, "GET", `/v1/ledger/${operation}`)).toMatchObject({ state: "done" });
  await admin.must(201, "POST", "/v1/connections/chat/rooms/lobby/messages", { text: "again" });
});

describe("a data directory", () => {
  it("with a service on it: conflict, exit 5, and the first goes on", async () => {
    const machine = createFilledMachine();
    const first = await startServe(machine);
    const second = await machine.run(["serve", ...listen]);
    expect(second).toMatchObject({ code: 5, out: "" });
    expect(second.err).toMatch(/^error: conflict {2}.*process \d+.*already\n {2}fix /);
    await first.must(201, "POST", "/v1/connections/chat/rooms/lobby/messages", { text: "still here" });
  });

  it("that is a file: invalid, exit 2, and the file stays", async () => {
    const machine = createMachine();
    writeFileSync(machine.data, "a letter");
    const { code, err } = await machine.run(["serve", ...listen]);
    expect(err).toMatch(/^error: invalid {2}.* is a file\n {2}fix .*--data/);
    expect(code).toBe(2);
    expect(readFileSync(machine.data, "utf8")).toBe("a letter");
  });

  it("below a file: invalid, exit 2", async () => {
    const machine = createMachine();
    writeFileSync(machine.data, "a letter");
    const { code, err } = await machine.run(["serve", ...listen, "--data", join(machine.data, "below")]);
    expect(err).toMatch(/^error: invalid {2}/);
    expect(code).toBe(2);
  });
});

// A disk of its own for one process; root may write everywhere, so that rights alone would prove nothing.
const ownDisk = ["unshare", "--map-root-user", "--mount", "sh", "-c"] as const;
const canMount = spawnSync(ownDisk[0], [...ownDisk.slice(1), "mount -t tmpfs tmpfs /mnt"]).status === 0;
const disk = it.skipIf(!canMount);
const needs = canMount ? "" : " (needs unshare with mounts)";

/** `serve` with its data directory on a disk with these mount options. */
const onDisk = (machine: Machine, options: string): readonly [string, readonly string[]] => {
  const script = `mount -t tmpfs -o ${options} tmpfs "$BOTYARD_DATA" && exec "$@"`;
  return [ownDisk[0], [...ownDisk.slice(1), script, "sh", ...machine.call, "serve", "--json", ...listen]];
};

describe("a disk", () => {
  disk(`that is read-only: forbidden, exit 3${needs}`, async () => {
    const machine = createFilledMachine();
    const { code, err } = await machine.spawn(...onDisk(machine, "ro")).ended;
    expect(JSON.parse(err)).toMatchObject({ code: "forbidden", effect: "none" });
    expect(err).toContain("cannot be written");
    expect(code).toBe(3);
  });

  disk(`that is too small to begin: internal, exit 1${needs}`, async () => {
    const machine = createFilledMachine();
    const { code, err } = await machine.spawn(...onDisk(machine, "size=8k")).ended;
    expect(JSON.parse(err)).toMatchObject({ code: "internal", effect: "none" });
    expect(err).toMatch(/disk that holds .* is full/);
    expect(err).not.toMatch(stack);
    expect(code).toBe(1);
  });

  disk(`that fills up: 500 and nothing is done, until there is room again${needs}`, async () => {
    const machine = createFilledMachine();
    const service = machine.spawn(...onDisk(machine, "size=8m"));
    const [line] = await service.until(/^\{"url".*\}$/m);
    const inside = `/proc/${service.pid}/root${machine.data}`;
    const { url } = JSON.parse(line) as { url: string };
    const admin = createCaller(url, readFileSync(join(inside, "admin.key"), "utf8").trim());
    await admin.must(201, "POST", "/v1/connections", { id: "chat", platform: "sandbox" });
    await admin.must(201, "POST", "/v1/connections/chat/bots", { handle: "helper" });
    await admin.must(200, "PUT", "/v1/connections/chat/rooms/lobby/bots/helper", {});
    const send = (text: string) => admin.call("POST", "/v1/connections/chat/rooms/lobby/messages", { body: { text } });
    const posted = async (): Promise<string[]> => {
      const shown = await admin.must(200, "GET", "/v1/connections/chat/sandbox/transcript?room=lobby");
      return (shown["items"] as Json[]).map(({ text }) => String(text));
    };
    expect((await send("before")).status).toBe(201);

    const filler = join(inside, "filler");
    spawnSync("sh", ["-c", 'cat /dev/zero > "$1"', "sh", filler]);
    const sent: string[] = ["before"];
    const refused = await until(
      async () => {
        const text = `number ${sent.length} ${"x".repeat(4000)}`;
        const answer = await send(text);
        if (answer.status === 201) sent.push(text);
        return answer;
      },
      ({ status }) => status !== 201,
    );
    expect(refused.status, refused.text).toBe(500);
    expect(refused.body).toMatchObject({ code: "internal", effect: "none" });
    expect(refused.body["detail"]).toMatch(/disk that holds .* is full/);
    expect(refused.text).not.toMatch(stack);
    expect(await posted()).toEqual(sent);

    rmSync(filler);
    const after = await until(
      () => send("after"),
      ({ status }) => status === 201,
    );
    const row = await admin.must(200, "GET", `/v1/ledger/${String(after.body["operation"])}`);
    expect(row).toMatchObject({ state: "done" });
    expect(await posted()).toEqual([...sent, "after"]);
    expect((await service.end()).code).toBe(0);
  });
});
