import type { AnyCoreHandler } from "../invoke/context.ts";
import { bots } from "./bots.ts";
import { connections } from "./connections.ts";
import { credentials } from "./credentials.ts";
import { events } from "./events.ts";
import { keys } from "./keys.ts";
import { ledger } from "./ledger.ts";
import { messages } from "./messages.ts";
import { plugins } from "./plugins.ts";
import { members, rooms } from "./rooms.ts";
import { service } from "./service.ts";
import { steps } from "./steps.ts";
import { webhooks } from "./webhooks.ts";

/** Handlers of the core: of the operations it runs itself, and around those of a platform whose answer it completes. */
export const coreHandlers: ReadonlyMap<string, AnyCoreHandler> = new Map(
  Object.entries({
    ...connections,
    ...bots,
    ...steps,
    ...credentials,
    ...rooms,
    ...members,
    ...messages,
    ...events,
    ...webhooks,
    ...ledger,
    ...keys,
    ...plugins,
    ...service,
  }),
);
