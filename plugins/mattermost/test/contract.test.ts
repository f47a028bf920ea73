import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { mattermostPlace } from "./place.ts";

testPlatform("mattermost", { platform, connect: () => mattermostPlace() });
