import { describe as describeOperation } from "@botyard/core";
import { type AnyOperation, BotyardError, operations } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createFakeIo } from "../fake-io.ts";
import { printAnswer } from "./answer.ts";
import { formatError } from "./error.ts";
import { formatStep } from "./step.ts";
import { formatTable } from "./table.ts";
import { cell, fillDone, formatFields } from "./value.ts";

function printed(name: string, value: unknown, quiet = false): { out: string; err: string } {
  const io = createFakeIo();
  printAnswer(describeOperation(operations[name] as AnyOperation), value, { io, quiet });
  return io.output;
}

const world = { json: false, colour: false, self: "/opt/botyard", flagOf: (path: string) => `--${path}` };

it("aligns columns by what they take on a terminal, without control characters", () => {
  const rows = [
    ["ボット", "ready"],
    ["a\u001b[31m\nb", "x"],
  ];
  expect(formatTable(["NAME", "STATE"], rows)).toBe("NAME      STATE\nボット    ready\na [31m b  x");
});

it("cuts the widest column to the terminal, and nothing without one", () => {
  const rows = [["a", "x".repeat(60), "end"]];
  const cut = formatTable(["A", "TEXT", "LAST"], rows, { columns: 40 });
  expect(cut.split("\n").map((line) => line.length <= 40)).toEqual([true, true]);
  expect(cut).toMatch(/x… {2}end$/);
  expect(formatTable(["A", "TEXT", "LAST"], rows)).toContain("x".repeat(60));
});

it("prints a list as the operation's columns, problems and the next page on standard error", () => {
  const { out, err } = printed("connections.list", {
    items: [{ id: "chat", platform: "sandbox", state: "ready", since: "2026-11-20T08:00:00.123Z", url: null }],
    next: "n1",
    problems: [{ connection: "cloud", code: "unreachable", detail: "no answer" }],
  });
  expect(out).toBe(
    "ID    PLATFORM  STATE  SINCE                 URL\nchat  sandbox   ready  2026-11-20T08:00:00Z  -\n",
  );
  expect(err).toBe("! cloud  unreachable  no answer\nmore  --cursor n1\n");
  expect(printed("connections.list", { items: [] })).toEqual({ out: "", err: "none\n" });
});

it("says what was done, without the parts that are not there", () => {
  const template = "sent  {operation}  message {message}";
  expect(fillDone(template, { operation: "op_1", message: "m1" })).toBe("sent  op_1  message m1");
  expect(fillDone(template, { operation: "op_1", message: null })).toBe("sent  op_1");
  expect(fillDone("to {name|id}", { id: "4x" })).toBe("to 4x");
  expect(fillDone("to {name|id}", { id: "4x", name: "carol" })).toBe("to carol");
  expect(
    printed("bots.update", {
      connection: "chat",
      handle: "helper",
      changed: [{ field: "username", asked: "ボット", given: "t" }],
    }).out,
  ).toBe('updated  chat/helper\n  ! username: asked for "ボット", the server made it "t"\n');
  expect(printed("bots.update", { connection: "chat", handle: "helper" }, true).out).toBe("");
});

it("prints one thing as its fields", () => {
  expect(formatFields({ id: "r1", name: null, bots: { ready: 1 }, tags: ["a", "b"] })).toBe(
    "id          r1\nbots.ready  1\ntags        a, b",
  );
  expect([cell(null), cell([]), cell(false), cell({ a: 1, b: null, c: "x" })]).toEqual([
    "-",
    "-",
    "false",
    "a 1 · c x",
  ]);
});

it("prints a failure with aligned help, and fixes that work when pasted", () => {
  const error = new BotyardError("unsupported", "Mattermost has no deletion of bots; nothing was changed", {
    fix: "botyard bots release chat/build",
    instead: "botyard bots disable chat/build",
    request: "req_1",
  });
  expect(formatError(error, world)).toBe(
    [
      "error: unsupported  Mattermost has no deletion of bots; nothing was changed",
      "  fix      /opt/botyard bots release chat/build",
      "  instead  /opt/botyard bots disable chat/build",
      "  request  req_1",
      "",
    ].join("\n"),
  );
});

it("names the flag an issue is about and where to look after an unknown end", () => {
  const error = new BotyardError("timeout", "no answer", {
    effect: "unknown",
    operation: "op_1",
    issues: [{ path: "limit", expected: "at most 500" }],
  });
  expect(formatError(error, world)).toBe(
    "error: timeout  no answer\n  --limit  expects at most 500\n  look     /opt/botyard ledger get op_1 --wait 30s\n",
  );
});

it("prints one problem object for programs", () => {
  const text = formatError(new BotyardError("not_found", "none"), { ...world, json: true });
  expect(JSON.parse(text)).toEqual({
    type: "/docs/errors#not_found",
    title: "Not found",
    status: 404,
    code: "not_found",
    detail: "none",
    effect: "none",
  });
});

it("prints a step with the line to paste", () => {
  const step = {
    id: "step_3F",
    connection: "cloud",
    bot: "helper",
    kind: "install",
    title: 'install the bot "Helper"',
    why: "only occ can",
    run: { where: "the machine of https://cloud.example.org", command: "sudo occ talk:bot:install" },
    secret: true,
    state: "open" as const,
    createdAt: "",
    doneAt: null,
  };
  expect(formatStep(step)).toBe(
    [
      'ONE STEP ON YOUR SERVER   step_3F · cloud · install the bot "Helper"',
      "  only occ can",
      "  Run on the machine of https://cloud.example.org (the line holds a secret; the leading space keeps it out of history):",
      "   sudo occ talk:bot:install",
      "",
    ].join("\n"),
  );
});
