import type { Botyard } from "../botyard.ts";
import type { Reader } from "../readers.ts";
import type { Human } from "./human.ts";
import type { Synapse } from "./server.ts";
import type { Tap } from "./tap.ts";

/** Everything that runs, and who is in the room. */
export interface Scene {
  readonly synapse: Synapse;
  readonly botyard: Botyard;
  readonly tap: Tap;
  /** Path of the registration file Synapse loads. */
  readonly registration: string;
  readonly human: Human;
  readonly room: string;
  readonly botId: string;
  readonly pulling: Reader;
  readonly streaming: Reader;
}
