import { createWorld, type World } from "@botyard/testing";
import { afterEach, expect, vi } from "vitest";
import platform from "../src/index.ts";
import { mattermostPlace } from "./place.ts";

/** Closed after the test. */
export const worlds: World[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

export type Place = Awaited<ReturnType<typeof mattermostPlace>>;

/** A server with a bot `helper` that hears in eng:ops; without one where the server makes none. */
export async function scene(options: Parameters<typeof mattermostPlace>[0] = {}) {
  const place = await mattermostPlace(options);
  const world = await createWorld({ platform, place });
  worlds.push(world);
  if (options.config?.botCreation === false) return { place, world, self: "" };
  const { nativeId } = await world.call("bots.create", { handle: "helper" });
  await vi.waitFor(() => expect(place.sim.hub.count()).toBe(1));
  await world.call("rooms.add-bot", { room: "eng:ops", bot: "helper" });
  return { place, world, self: nativeId ?? "" };
}
