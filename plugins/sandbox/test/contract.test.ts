import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { Profile } from "../src/settings.ts";
import { sandboxPlace } from "./place.ts";

testPlatform("sandbox", { platform, connect: () => sandboxPlace() });

for (const profile of Profile.options) {
  testPlatform(`sandbox with ${profile}`, { platform, connect: () => sandboxPlace({ profiles: [profile] }) });
}

testPlatform("sandbox with everything that makes it awkward", {
  platform,
  connect: () => sandboxPlace({ profiles: [...Profile.options] }),
});
