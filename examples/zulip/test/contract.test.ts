import { testPlatform } from "@botyard/testing";
import platform from "../src/index.ts";
import { zulipPlace } from "./place.ts";

testPlatform("zulip", { platform, connect: zulipPlace });
