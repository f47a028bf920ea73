import { definePlatform } from "@botyard/sdk";
import { capabilities } from "./capabilities.ts";
import * as native from "./native.ts";
import { openSession } from "./session.ts";
import { settings } from "./settings.ts";

/**
 * A chat server inside the process, and the plugin for it: the demo, the example to copy, and the awkward server of the
 * contract suite.
 */
export default definePlatform({
  id: "sandbox",
  namespace: "sandbox",
  title: "Sandbox",
  contract: 1,
  url: "none",
  settings,
  credentials: {
    "owner-session": {
      title: "Session of an owner",
      holder: "connection",
      help: "`session-<person>`, such as session-ops-admin; needed with the profile two-credentials",
      recover: "refetch",
    },
    "bot-token": { title: "Token of a bot", holder: "bot", recover: "reissue" },
    "bot-secret": { title: "Secret of an installed bot", holder: "bot", recover: "reissue" },
    "bot-secret-next": { title: "Secret of a bot's next installation", holder: "bot", recover: "reissue" },
    "account-password": {
      title: "Password of a person",
      holder: "account",
      help: "`password-<person>`, such as password-alice",
      recover: "refetch",
    },
  },
  capabilities,
  extras: native.extras,
  native,
  massMentions: ["@all", "@channel", "@room"],
  open: openSession,
});
