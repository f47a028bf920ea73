import type { Drive, Place } from "@botyard/testing";
import type * as v from "valibot";
import type { settings } from "../src/settings.ts";

/** A sandbox with these settings, played through its own native operations, so that all of it crosses the channel. */
export function sandboxPlace(given: v.InferInput<typeof settings> = {}): Place {
  const profiles = given.profiles ?? [];
  return {
    settings: given,
    ...(profiles.includes("two-credentials") ? { credentials: { "owner-session": "session-ops-admin" } } : {}),
    drive: ({ invoke }): Drive => ({
      room: "lobby",
      person: "alice",
      echoes: !profiles.includes("operator-install"),
      replies: true,
      mention: (username) => `@${username}`,
      async say(room, text, { replyTo } = {}) {
        const said = await invoke("sandbox.say", { room, text, ...(replyTo === undefined ? {} : { replyTo }) });
        return (said as { message: string }).message;
      },
      async operate(step) {
        await invoke("sandbox.operate", { command: step.run.command });
      },
      async transcript(room) {
        const { items } = (await invoke("sandbox.transcript", { room })) as {
          items: { text: string; deleted: boolean }[];
        };
        return items.filter(({ deleted }) => !deleted).map(({ text }) => text);
      },
      ...(profiles.includes("operator-install")
        ? {}
        : {
            async cut() {
              await invoke("sandbox.fault", { kind: "cut" });
            },
          }),
      async loseAnswer() {
        await invoke("sandbox.fault", { kind: "lose-answer" });
      },
    }),
  };
}
