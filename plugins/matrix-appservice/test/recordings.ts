import { readdirSync, readFileSync } from "node:fs";
import { createRegistration, type Registration } from "../src/registration.ts";

/** What a client or an application service sent, with the homeserver's answer. */
export interface Outward {
  readonly number: number;
  readonly name: string;
  readonly dir: "out";
  readonly server?: string;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly response: {
    readonly status: number;
    readonly json?: unknown;
    readonly headers: readonly (readonly [string, string])[];
  };
}

/** What the homeserver sent to the application service, with the answer it got. */
export interface Inward {
  readonly number: number;
  readonly name: string;
  readonly dir: "in";
  readonly server?: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers: readonly (readonly [string, string])[];
    readonly raw_body: string;
    readonly json?: unknown;
  };
  readonly answered: number | null;
  readonly answered_body: string;
}

export type Recording = Outward | Inward;

const folder = new URL("fixtures/recordings/", import.meta.url);

export const recordings: readonly Recording[] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .map((name) => ({
    ...(JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recording),
    name: name.slice(0, -5),
    number: Number(name.slice(0, 3)),
  }));

export const isOutward = (recording: Recording): recording is Outward => recording.dir === "out";
export const isInward = (recording: Recording): recording is Inward => recording.dir === "in";

const made = (id: string, url: string | null, asToken: string, hsToken: string, bot: string): Registration => ({
  ...createRegistration({ id, url, serverName: "hs.test", bot, users: [] }),
  asToken,
  hsToken,
});

/** The registrations of the recorded server, in its order. */
export const registrations: readonly [Registration, ...Registration[]] = [
  {
    ...made("botyard", "http://127.0.0.1:29400", "as_lab_token_botyard_0001", "hs_lab_token_botyard_0001", "botyard"),
    users: [{ exclusive: true, regex: "^@bot_[a-z0-9._=/+-]+:hs\\.test$" }],
    aliases: [{ exclusive: true, regex: "^#bot_.*:hs\\.test$" }],
    protocols: ["botyardproto"],
  },
  {
    ...made("second", "http://127.0.0.1:29401", "as_lab_token_second_0002", "hs_lab_token_second_0002", "secondbot"),
    users: [{ exclusive: true, regex: "^@other_[a-z0-9._-]+:hs\\.test$" }],
    rateLimited: true,
  },
  {
    ...made("nourl", null, "as_lab_token_nourl_0003", "hs_lab_token_nourl_0003", "nourlbot"),
    users: [{ exclusive: false, regex: "^@nourl_[a-z0-9._-]+:hs\\.test$" }],
  },
  {
    ...made("puppet", null, "as_lab_token_puppet_0004", "hs_lab_token_puppet_0004", "puppetbot"),
    users: [{ exclusive: false, regex: "^@.*:hs\\.test$" }],
  },
];
