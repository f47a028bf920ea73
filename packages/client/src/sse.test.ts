import { expect, it } from "vitest";
import { readEvents, type ServerSentEvent } from "./sse.ts";

function body(chunks: readonly string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk));
      controller.close();
    },
  });
}

async function read(chunks: readonly string[]): Promise<ServerSentEvent[]> {
  const all: ServerSentEvent[] = [];
  for await (const event of readEvents(body(chunks))) all.push(event);
  return all;
}

const text = ": hello\nretry: 500\nid: c_1\nevent: message.created\ndata: {\ndata: }\n\ndata:second\n\n";
const events = [
  { id: "c_1", event: "message.created", data: "{\n}", retryMs: 500 },
  { id: "c_1", event: "message", data: "second", retryMs: 500 },
];

it("reads fields, comments and several data lines", async () => {
  expect(await read([text])).toEqual(events);
});

it("does not mind where chunks are cut, nor how lines end", async () => {
  expect(await read(text.split(""))).toEqual(events);
  expect(await read(text.replaceAll("\n", "\r\n").split(""))).toEqual(events);
  expect(await read([text.replaceAll("\n", "\r")])).toHaveLength(1);
});

it("drops an event that was cut off", async () => {
  expect(await read(["data: whole\n\ndata: half\n"])).toMatchObject([{ data: "whole" }]);
});

it("cancels the body when the reader leaves", async () => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("data: x\n\n")),
    cancel: () => void (cancelled = true),
  });
  for await (const _ of readEvents(endless)) break;
  expect(cancelled).toBe(true);
});
