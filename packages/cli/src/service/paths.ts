import { join } from "node:path";
import { adminKeyFile } from "@botyard/core";

export interface DataFiles {
  /** Tells commands where the service listens. */
  readonly service: string;
  /** The admin key's text, 0600. */
  readonly adminKey: string;
}

export function dataFiles(dataDir: string): DataFiles {
  return { service: join(dataDir, "service.json"), adminKey: adminKeyFile(dataDir) };
}
