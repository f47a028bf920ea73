import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sandbox from "@botyard/sandbox";
import type { AnyPlatform, LoginRequest, LoginStep } from "@botyard/sdk";
import { expect, it, onTestFinished } from "vitest";
import { createCli } from "./cli.ts";
import { createFakeIo, type FakeIo } from "./fake-io.ts";

type Login = (request: LoginRequest) => LoginStep;

/** The sandbox as a server that wants a login, where nothing else is said. */
function needsLogin(login: Login): AnyPlatform {
  return {
    ...sandbox,
    credentials: {
      ...sandbox.credentials,
      "owner-session": {
        title: "Session of an owner",
        holder: "connection",
        required: true,
        login: true,
        recover: "refetch",
      },
    },
    open: async (host) => ({ ...(await sandbox.open(host as never)), login: async (request) => login(request) }),
  };
}

interface Given {
  readonly answers: readonly string[];
  readonly platform?: AnyPlatform;
  readonly data?: string;
  readonly interactive?: boolean;
}

async function run(argv: readonly string[], { answers, platform = sandbox, data, interactive = true }: Given) {
  const folder = data ?? mkdtempSync(join(tmpdir(), "botyard-login-"));
  if (data === undefined) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const asked: string[] = [];
  const hidden: string[] = [];
  const left = [...answers];
  const io: FakeIo = {
    ...createFakeIo({ env: { BOTYARD_DATA: folder, HOME: folder }, interactive }),
    ask: async (question) => {
      asked.push(question);
      return left.shift() ?? "";
    },
    askSecret: async (question) => {
      hidden.push(question);
      return left.shift() ?? "";
    },
  };
  const cli = createCli({
    platforms: { sandbox: async () => platform },
    version: "0",
    startService: async () => Promise.reject(new Error("not here")),
    self: "botyard",
    io,
  });
  const code = await cli.run(argv);
  return { code, ...io.output, asked, hidden, folder };
}

it("asks what the server asks, without echo where it is secret, and again after a mistake", async () => {
  const made = await run(["connect", "sandbox", "--id", "home", "-o", "server=login-test"], { answers: [] });
  expect(made.code, made.err).toBe(0);
  const done = await run(["credentials", "login", "home", "owner-session"], {
    data: made.folder,
    answers: ["ops-admin", "wrong", "ops-admin", "password-ops-admin"],
  });
  expect(done.code, done.err).toBe(0);
  expect(done.asked).toEqual(["  Name: ", "  Name: "]);
  expect(done.hidden).toEqual(["  Password (hidden): ", "  Password (hidden): "]);
  expect(done.err).toContain("is wrong; once more");
  expect(done.out).toBe("sealed  owner-session of home\n");
  expect(done.out + done.err).not.toContain("password-ops-admin");
  const list = await run(["credentials", "list", "home", "--json"], { data: made.folder, answers: [] });
  expect(list.out).toContain("owner-session");
});

it("offers the login while connecting, and shows the address a person opens until that is done", async () => {
  let looked = 0;
  const platform = needsLogin(({ kind, state }) => {
    looked += 1;
    if (state === null || looked < 3)
      return {
        step: "open",
        title: "Grant access",
        url: "https://chat.example.org/login/abc",
        retryMs: 1,
        state: { looked },
      };
    return { step: "done", credential: { kind, secret: "session-ops-admin" } };
  });
  const { code, err, out, asked } = await run(["connect", "sandbox", "--id", "home"], { platform, answers: ["1"] });
  expect(code, err).toBe(0);
  expect(asked).toEqual(["  Session of an owner: (1) log in now  (2) paste it > "]);
  expect(err.match(/https:\/\/chat\.example\.org\/login\/abc/g)).toHaveLength(1);
  expect(looked).toBe(3);
  // Once, when there is something to say: before the login only the login is missing.
  expect(out).toMatch(/^  saved as home\n  ✓ [^\n]* ready · saved as home$/m);
});

it("takes a pasted secret instead", async () => {
  const platform = needsLogin(() => {
    throw new Error("nobody logs in");
  });
  const { code, err, hidden } = await run(["connect", "sandbox", "--id", "home"], {
    platform,
    answers: ["2", "session-ops-admin"],
  });
  expect(code, err).toBe(0);
  expect(hidden).toHaveLength(1);
});

it("says what to do where nobody can answer", async () => {
  const made = await run(["connect", "sandbox", "--id", "home"], { answers: [] });
  const refused = await run(["credentials", "login", "home", "owner-session"], {
    data: made.folder,
    answers: [],
    interactive: false,
  });
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("botyard credentials import home owner-session");
});
