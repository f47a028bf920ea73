import { collect, type AnyOperation, type OperationsIn } from "../operation.ts";
import * as bots from "./bots.ts";
import * as connections from "./connections.ts";
import * as credentials from "./credentials.ts";
import * as events from "./events.ts";
import * as files from "./files.ts";
import * as keys from "./keys.ts";
import * as ledger from "./ledger.ts";
import * as members from "./members.ts";
import * as messages from "./messages.ts";
import * as plugins from "./plugins.ts";
import * as presence from "./presence.ts";
import * as reactions from "./reactions.ts";
import * as rooms from "./rooms.ts";
import * as service from "./service.ts";
import * as steps from "./steps.ts";
import * as users from "./users.ts";
import * as webhooks from "./webhooks.ts";

/** The table: everything Botyard can do on any platform. The interface form keeps compiler errors and d.ts short. */
export interface Operations
  extends
    OperationsIn<typeof connections>,
    OperationsIn<typeof bots>,
    OperationsIn<typeof steps>,
    OperationsIn<typeof credentials>,
    OperationsIn<typeof rooms>,
    OperationsIn<typeof members>,
    OperationsIn<typeof messages>,
    OperationsIn<typeof reactions>,
    OperationsIn<typeof presence>,
    OperationsIn<typeof files>,
    OperationsIn<typeof users>,
    OperationsIn<typeof events>,
    OperationsIn<typeof webhooks>,
    OperationsIn<typeof ledger>,
    OperationsIn<typeof keys>,
    OperationsIn<typeof plugins>,
    OperationsIn<typeof service> {}

export const operations: Operations & Readonly<Record<string, AnyOperation>> = collect(
  connections,
  bots,
  steps,
  credentials,
  rooms,
  members,
  messages,
  reactions,
  presence,
  files,
  users,
  events,
  webhooks,
  ledger,
  keys,
  plugins,
  service,
) as unknown as Operations & Readonly<Record<string, AnyOperation>>;
