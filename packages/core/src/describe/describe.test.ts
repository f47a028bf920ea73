import { operations } from "@botyard/sdk";
import { expect, test } from "vitest";
import { describe } from "./describe.ts";

test("every operation of the table can be described", () => {
  for (const operation of Object.values(operations)) {
    const descriptor = describe(operation);
    expect(descriptor.fields.length).toBe(Object.keys(operation.input.entries).length);
    expect(descriptor.output.kind).toMatch(/^(?:json|bytes|stream)$/);
    expect(() => JSON.stringify(descriptor)).not.toThrow();
  }
});

test("fields know their place, what they name and whether they are secret", () => {
  const send = describe(operations["messages.send"]);
  const place = Object.fromEntries(send.fields.map((field) => [field.name, [field.in, field.ref, field.required]]));
  expect(place["connection"]).toEqual(["path", "connection", true]);
  expect(place["room"]).toEqual(["path", "room", true]);
  expect(place["as"]).toEqual(["body", "as", false]);
  expect(place["text"]).toEqual(["body", null, true]);
  const secret = describe(operations["credentials.import"]).fields.find((field) => field.name === "secret");
  expect(secret).toMatchObject({ secret: true, in: "body", schema: { format: "password", writeOnly: true } });
  const upload = describe(operations["files.upload"]).fields;
  expect(upload.find((field) => field.name === "file")?.in).toBe("bytes");
  expect(upload.find((field) => field.name === "name")?.in).toBe("query");
});
