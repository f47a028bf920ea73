import { botCases } from "./bots.ts";
import type { Case } from "./case.ts";
import { credentialCases } from "./credentials.ts";
import { decodeCases } from "./decode.ts";
import { eventCases } from "./events.ts";
import { messageCases } from "./messages.ts";
import { connectionCases, fileCases, userCases } from "./others.ts";
import { roomCases } from "./rooms.ts";

/** All cases, in the order in which they are run. */
export const cases: readonly Case[] = [
  ...connectionCases,
  ...botCases,
  ...credentialCases,
  ...roomCases,
  ...messageCases,
  ...fileCases,
  ...userCases,
  ...eventCases,
  ...decodeCases,
];
