import type { Event } from "@botyard/sdk";
import { inline } from "./table.ts";

function what(event: Event): string {
  const room = event.room?.handle ?? event.room?.name ?? event.room?.id;
  const who = event.actor?.bot ?? event.actor?.name ?? event.actor?.handle ?? event.actor?.id;
  const text =
    // What the core reports of a bot says it by name; elsewhere `bots` are those that saw it.
    (event.type.startsWith("bot.") ? event.bots.join(", ") : undefined) ??
    (event.credential ? event.state?.reason : undefined) ??
    event.content?.text ??
    event.reaction?.emoji ??
    (event.member ? `${event.member.name ?? event.member.user} ${event.member.membership}` : undefined) ??
    event.gap?.cause ??
    event.state?.state;
  return [room ? `${event.connection}/${room}` : event.connection, who, text].filter(Boolean).join("  ");
}

/** `08:14:03  message.created  chat/eng:ops  A reader  @helper restart the build  → helper`, in local time. */
export function formatEvent(event: Event): string {
  const time = new Date(event.time).toTimeString().slice(0, 8);
  const to = event.addressed.length > 0 ? `  → ${event.addressed.join(", ")}` : "";
  const marks = `${event.own ? "  (own)" : ""}${event.backfilled ? "  (backfilled)" : ""}`;
  return inline(`${time}  ${event.type}  ${what(event)}`) + to + marks;
}
