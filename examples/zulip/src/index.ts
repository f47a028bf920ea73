import { definePlatform } from "@botyard/sdk";
import { capabilities } from "./capabilities.ts";
import * as native from "./native.ts";
import { openSession } from "./session.ts";
import { extras, settings } from "./settings.ts";
import { zuliprc } from "./zuliprc.ts";

/** Zulip 9 and newer. */
export default definePlatform({
  id: "zulip",
  namespace: "zulip",
  title: "Zulip",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    "admin-key": {
      title: "Email and API key of an administrator, as email:key",
      holder: "connection",
      required: true,
      help: "Personal settings > Account & privacy > API key; or give the file: --zuliprc",
      recover: "refetch",
    },
    "bot-key": { title: "Email and API key of a bot, as email:key", holder: "bot", recover: "reissue" },
  },
  capabilities,
  extras,
  native,
  imports: { zuliprc },
  massMentions: ["@**all**", "@**everyone**", "@**channel**", "@**stream**", "@**topic**"],
  open: openSession,
});
