import { isBotyardError } from "@botyard/sdk";
import { clockTime } from "../args/units.ts";
import type { Line, Patient } from "./types.ts";

export async function botLine({ client, connection }: Patient, bot: string): Promise<Line> {
  const found = await client.bots.get({ connection, bot });
  const reason = found.reason === undefined ? "" : `: ${found.reason}`;
  const step = found.steps[0];
  const address = `${connection}/${bot}`;
  if (found.state === "disabled" || !found.enabled) {
    return {
      subject: "bot",
      state: "FAIL",
      detail: `${address} is disabled${reason}`,
      fix: `botyard bots enable ${address}`,
    };
  }
  if (found.state === "ready")
    return { subject: "bot", state: "ok", detail: `${address} enabled, known as ${found.username}` };
  if (found.state === "auth_required")
    return { subject: "bot", state: "ok", detail: `${address} enabled; its credential is refused` };
  const fix = found.remedy ?? (step === undefined ? undefined : `botyard steps get ${step} --reveal`);
  return {
    subject: "bot",
    state: found.state === "connecting" ? "wait" : "FAIL",
    detail: `${address} ${found.state}${reason}`,
    ...(fix === undefined ? {} : { fix }),
  };
}

export async function credentialLines({ client, connection, now }: Patient, bot: string): Promise<readonly Line[]> {
  const { items } = await client.credentials.list({ connection, bot });
  if (items.length === 0) return [{ subject: "credential", state: "ok", detail: "this bot has none of its own" }];
  return items.map((one): Line => {
    const since = one.state === "ready" ? "" : ` since ${clockTime(one.since, now)}`;
    const detail = `${one.kind} ${one.state}${since}${one.reason === undefined ? "" : `: ${one.reason}`}`;
    if (one.state === "ready") return { subject: "credential", state: "ok", detail: `${detail} · ${one.source}` };
    return {
      subject: "credential",
      state: one.state === "connecting" ? "wait" : "FAIL",
      detail,
      fix: one.remedy ?? `botyard credentials issue ${connection}/${bot}`,
    };
  });
}

export async function roomLine(patient: Patient, room: string): Promise<Line> {
  const { client, connection, bot } = patient;
  const name = `${connection}/${room}`;
  if (bot === null) {
    const found = await client.rooms.get({ connection, room });
    return { subject: "room", state: "ok", detail: `${name} is a ${found.kind}` };
  }
  const { items } = await client.rooms.listBots({ connection, room });
  const inside = items.find((one) => one.handle === bot);
  if (!inside) {
    return {
      subject: "room",
      state: "FAIL",
      detail: `${bot} is not in ${name}`,
      fix: `botyard rooms add-bot ${name} ${bot}`,
    };
  }
  if (!inside.active) {
    return { subject: "room", state: "FAIL", detail: `${bot} is in ${name}, but the server does not let it act there` };
  }
  return await mayPost(patient, bot, room);
}

/** Asks what works there: being in a room is not yet being allowed to speak in it. */
async function mayPost({ client, connection }: Patient, bot: string, room: string): Promise<Line> {
  const member = `member of ${connection}/${room}`;
  try {
    const { items } = await client.connections.capabilities({ connection, bot, room });
    const send = items.find(({ operation }) => operation === "messages.send");
    if (send?.support !== "none") return { subject: "room", state: "ok", detail: `${member} · may post` };
    return {
      subject: "room",
      state: "FAIL",
      detail: `${member}, but may not post: ${send.detail ?? "the server does not let it"}`,
      ...(send.remedy === null ? {} : { fix: send.remedy }),
    };
  } catch (error) {
    // Whether it may cannot be asked while its credential is refused, which is a line of its own.
    if (!isBotyardError(error)) throw error;
    return { subject: "room", state: "ok", detail: member };
  }
}
