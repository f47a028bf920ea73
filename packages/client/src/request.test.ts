import { type AnyOperation, operations } from "@botyard/sdk";
import { expect, it } from "vitest";
import { buildRequest } from "./request.ts";

const built = (name: string, input: Record<string, unknown>): ReturnType<typeof buildRequest> =>
  buildRequest(operations[name] as AnyOperation, input);

it("encodes parameters of the path", () => {
  const { path, body } = built("messages.send", { connection: "chat", room: "#ops/a?b:hs", text: "hi", as: undefined });
  expect(path).toBe("/v1/connections/chat/rooms/%23ops%2Fa%3Fb%3Ahs/messages");
  expect(JSON.parse(body as string)).toEqual({ text: "hi" });
});

it("repeats lists in the query and leaves out what is absent", () => {
  const { path, body } = built("events.list", { type: ["message.created", "gap.*"], own: false, limit: undefined });
  expect(path).toBe("/v1/events?type=message.created&type=gap.*&own=false");
  expect(body).toBeNull();
});

it("keeps null, which clears a field", () => {
  const { method, body } = built("bots.update", { connection: "chat", bot: "helper", description: null });
  expect([method, body]).toEqual(["PATCH", '{"description":null}']);
});

it("sends bytes as the body and the rest as query", () => {
  const body = new Blob(["x"]).stream();
  const file = { body, type: "text/plain" };
  expect(built("files.upload", { connection: "chat", name: "a b.txt", file })).toEqual({
    method: "POST",
    path: "/v1/connections/chat/files?name=a+b.txt",
    headers: { "content-type": "text/plain" },
    body,
  });
});

it("sends fields it does not know, for the service to refuse", () => {
  expect(built("bots.list", { connection: "-", bogus: 1 }).path).toBe("/v1/connections/-/bots?bogus=1");
});

it.each(["", ".", "..", undefined])("refuses %j as a parameter of the path", (bot) => {
  expect(() => built("bots.get", { connection: "chat", bot })).toThrow(expect.objectContaining({ code: "invalid" }));
});
