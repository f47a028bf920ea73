import { type AnyPlatform, Check, empty, State } from "@botyard/sdk";
import { expect, it } from "vitest";
import { createApp } from "../app.ts";
import { createFakeRuntime } from "../fake-runtime.ts";
import { readExtras } from "./extras.ts";

// Any schemas do: what counts is where they come to stand.
const toy = {
  id: "toy-server",
  namespace: "toy",
  title: "Toy",
  settings: State,
  extras: { "bots.create": Check, "messages.send": empty, Bot: Check },
} as unknown as AnyPlatform;
const runtime = { ...createFakeRuntime(), platforms: new Map([[toy.id, toy]]) };
const ask = async (path: string): Promise<string> => (await createApp(runtime).request(path)).text();

it("names what a platform adds, and leaves out what holds nothing", () => {
  expect(readExtras(runtime).map(({ of, name }) => [of, name])).toEqual([
    ["settings", "ToySettings"],
    ["bots.create", "ToyBotsCreateOptions"],
    ["Bot", "ToyBotNative"],
  ]);
});

it("puts it into the document, by platform", async () => {
  const document = JSON.parse(await ask("/openapi.json")) as {
    readonly "x-botyard": unknown;
    readonly components: { readonly schemas: Readonly<Record<string, { readonly properties?: object }>> };
  };
  const ref = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
  expect(document["x-botyard"]).toEqual({
    platforms: {
      "toy-server": {
        settings: ref("ToySettings"),
        "bots.create": ref("ToyBotsCreateOptions"),
        Bot: ref("ToyBotNative"),
      },
    },
  });
  expect(Object.keys(document.components.schemas["ToyBotsCreateOptions"]?.properties ?? {})).toContain("detail");
});

it("leads there from the operation and from the entity", async () => {
  const page = await ask("/docs");
  const part = (id: string): string => page.slice(page.indexOf(`<article id="${id}"`)).split("</article>")[0] ?? "";
  expect(part("bots.create")).toContain('href="#schema-ToyBotsCreateOptions"');
  expect(part("connections.create")).toContain('href="#schema-ToySettings"');
  expect(part("schema-Bot")).toContain('href="#schema-ToyBotNative"');
  expect(part("bots.list")).not.toContain("schema-Toy");
});
