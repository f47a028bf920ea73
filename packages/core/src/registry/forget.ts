import type { BotRecord, RecordPut } from "../store/types.ts";
import { botId, membershipId, type Registry } from "./registry.ts";

/** The changes that forget everything Botyard knows of a bot; nothing happens on the server. */
export function forgetBot(registry: Registry, { connection, handle }: BotRecord): RecordPut[] {
  const credentials = registry
    .list("credential", connection)
    .filter((record) => record.holder === "bot" && record.of === handle);
  const steps = registry.list("step", connection).filter((record) => record.bot === handle && record.state === "open");
  const memberships = registry.list("membership", connection).filter((record) => record.handle === handle);
  return [
    { kind: "bot", id: botId(connection, handle), scope: connection, value: null },
    ...credentials.map(({ id }): RecordPut => ({ kind: "credential", id, scope: connection, value: null })),
    ...steps.map(({ id }): RecordPut => ({ kind: "step", id, scope: connection, value: null })),
    ...memberships.map(({ room }): RecordPut => ({
      kind: "membership",
      id: membershipId(connection, room, handle),
      scope: connection,
      value: null,
    })),
  ];
}
