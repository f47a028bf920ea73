import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { matrixPlace } from "./place.ts";

testPlatform("matrix", { platform, connect: () => matrixPlace() });
testPlatform("matrix, where a ban is M_FORBIDDEN", {
  platform,
  ways: ["direct"],
  connect: () => matrixPlace({ bannedErrcode: "M_FORBIDDEN" }),
});
