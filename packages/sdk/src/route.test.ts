import * as v from "valibot";
import { expect, it } from "vitest";
import { operations } from "./operations/index.ts";
import { planRoute } from "./route.ts";

const places = (name: keyof typeof operations): Record<string, string> =>
  Object.fromEntries(planRoute(operations[name as string] as never).fields.map((field) => [field.name, field.in]));

it("puts what the path does not name into the query of a GET", () => {
  expect(planRoute(operations["bots.list"])).toMatchObject({ method: "GET", path: "/connections/{connection}/bots" });
  expect(places("bots.list")).toEqual({ connection: "path", source: "query", limit: "query", cursor: "query" });
});

it("puts it into the body of a POST", () => {
  expect(places("messages.send")).toMatchObject({ connection: "path", room: "path", as: "body", text: "body" });
});

it("leaves the body to the bytes and puts the rest into the query", () => {
  expect(places("files.upload")).toEqual({
    connection: "path",
    as: "query",
    room: "query",
    name: "query",
    file: "bytes",
  });
});

it("finds marks and optionality under descriptions", () => {
  const fields = Object.fromEntries(planRoute(operations["files.upload"]).fields.map((field) => [field.name, field]));
  expect(fields["room"]).toMatchObject({ ref: "room", required: false });
  expect(fields["as"]).toMatchObject({ ref: "as", required: false });
  expect(fields["connection"]).toMatchObject({ ref: "connection", required: true });
  const secret = planRoute(operations["credentials.import"]).fields.find((field) => field.name === "secret");
  expect(secret).toMatchObject({ secret: true, required: true });
});

it("describes every field of every input, for --help and the reference", () => {
  const bare = (schema: v.GenericSchema): v.GenericSchema =>
    "wrapped" in schema ? bare(schema.wrapped as v.GenericSchema) : schema;
  const silent = Object.values(operations).flatMap((operation) =>
    Object.entries(operation.input.entries as Record<string, v.GenericSchema>)
      .filter(([, schema]) => !v.getDescription(bare(schema)))
      .map(([name]) => `${operation.name} ${name}`),
  );
  expect(silent).toEqual([]);
});
