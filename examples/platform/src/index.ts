import { definePlatform } from "@botyard/sdk";
import { capabilities } from "./capabilities.ts";
import { openSession } from "./session.ts";
import { settings } from "./settings.ts";

/** Pigeon. */
export default definePlatform({
  id: "pigeon",
  namespace: "pigeon",
  title: "Pigeon",
  contract: 1,
  url: "required",
  settings,
  credentials: {
    "admin-key": {
      title: "Admin key",
      holder: "connection",
      required: true,
      help: "The server shows it to administrators.",
      recover: "refetch",
    },
    "bot-key": { title: "Key of a bot", holder: "bot", recover: "reissue" },
  },
  capabilities,
  native: {},
  open: openSession,
});
