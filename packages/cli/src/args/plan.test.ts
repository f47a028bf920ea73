import { describe as describeOperation } from "@botyard/core";
import { type AnyOperation, operations } from "@botyard/sdk";
import { expect, it } from "vitest";
import { globalFlags } from "../globals.ts";
import { type CommandPlan, planCommand } from "./plan.ts";

const plan = (name: string): CommandPlan => planCommand(describeOperation(operations[name] as AnyOperation));
const flag = (name: string, of: string) => plan(of).flags.find((one) => one.name === name);

it("makes addresses of the path's parameters and leaves the connection to the prefix", () => {
  expect(plan("bots.get").positionals).toMatchObject([{ field: "bot", required: true, address: true }]);
  expect(plan("rooms.add-bot").positionals).toMatchObject([
    { field: "room", address: true },
    { field: "bot", address: true },
  ]);
  expect(plan("messages.send").positionals).toMatchObject([
    { field: "room", address: true },
    { field: "text", address: false },
  ]);
  expect(plan("bots.create").positionals).toMatchObject([{ field: "handle", address: true }]);
});

it("lets the connection be found out, but not the one that is forgotten", () => {
  expect(plan("rooms.list").positionals).toMatchObject([{ field: "connection", required: false }]);
  expect(plan("connections.delete").positionals).toMatchObject([{ field: "connection", required: true }]);
  expect([plan("bots.list").connection, plan("rooms.list").connection, plan("keys.list").connection]).toEqual([
    "one-or-all",
    "one",
    "none",
  ]);
});

it("names flags by what is typed: kebab case, units in the value", () => {
  expect(flag("display-name", "bots.create")).toMatchObject({ path: ["displayName"], kind: "text" });
  expect(flag("wait", "ledger.get")).toMatchObject({ path: ["waitMs"], kind: "duration" });
  expect(flag("rate", "keys.create")).toMatchObject({ path: ["ratePerMinute"], kind: "rate" });
  expect(flag("preset", "keys.create")).toMatchObject({ choices: ["reader", "bot", "operator", "admin"] });
  expect(flag("allow", "keys.create")).toMatchObject({ array: true, multiple: true });
  expect(flag("options", "bots.create")).toMatchObject({ kind: "record", short: "o" });
  expect(flag("mentions", "messages.send")).toMatchObject({ kind: "json", array: true });
  expect(flag("public", "rooms.create")).toMatchObject({ type: "boolean" });
});

it("knows secrets, also in records", () => {
  expect(flag("secret", "credentials.import")).toMatchObject({ kind: "secret" });
  expect(flag("credentials", "connections.create")).toMatchObject({ kind: "secrets" });
});

it("clears what may be null", () => {
  expect(plan("bots.update").clearable).toEqual(["displayName", "description"]);
  expect(plan("bots.create").clearable).toEqual([]);
});

it("has no two flags of one name, over the whole table", () => {
  for (const operation of Object.values(operations)) {
    const { flags, bytes, clearable, connection } = planCommand(describeOperation(operation));
    const names = [
      ...flags.map((one) => one.name),
      // `--url` of a connection is the chat server's address; a service is then named by BOTYARD_URL.
      ...globalFlags.map((one) => one.name).filter((name) => name !== "url"),
      ...(bytes === null ? [] : ["file"]),
      ...(clearable.length > 0 ? ["clear"] : []),
      ...(connection === "none" ? [] : ["connection"]),
      "idempotency-key",
    ];
    expect(names.length, `${operation.name}: ${names.join(" ")}`).toBe(new Set(names).size);
    const shorts = [...flags, ...globalFlags].flatMap((one) => one.short ?? []);
    expect(shorts.length, operation.name).toBe(new Set(shorts).size);
  }
});

it("explains every flag and argument", () => {
  for (const operation of Object.values(operations)) {
    const { flags, positionals } = planCommand(describeOperation(operation));
    for (const one of flags.filter(({ path }) => path.length === 1))
      expect(one.summary, `${operation.name} --${one.name}`).not.toBe("");
    for (const one of positionals) expect(one.summary, `${operation.name} <${one.field}>`).not.toBe("");
  }
});
