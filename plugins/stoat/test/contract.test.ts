import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { stoatPlace } from "./place.ts";

testPlatform("stoat", { platform, connect: () => stoatPlace() });
testPlatform("stoat, self-hosted below /api and without files", {
  platform,
  ways: ["direct"],
  connect: () => stoatPlace({ api: "https://stoat.test/api", files: false, version: "0.16.0", oauth2: true }),
});
