import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { talkPlace } from "./place.ts";

testPlatform("talk", { platform, connect: () => talkPlace() });
testPlatform("talk 20, without reactions", {
  platform,
  ways: ["direct"],
  connect: () => talkPlace({ talk: "20.1.0" }),
});
testPlatform("talk 23, which names who reacted", {
  platform,
  ways: ["direct"],
  connect: () => talkPlace({ talk: "23.0.0" }),
});
