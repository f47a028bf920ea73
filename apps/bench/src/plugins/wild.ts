import { benchPlatform } from "./platform.ts";

// oxlint-disable-next-line import/no-default-export -- the entry of a plugin
export default benchPlatform("wild");
