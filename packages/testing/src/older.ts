import type { AnyPlatform, EventDraft, Host, Intake } from "@botyard/sdk";

/** What an older version makes of what this one understands: nothing, or an event of the same identity that says no more. */
export type Knows = "nothing" | "identity";

/** While `work` runs, the plugin takes what comes as an older version of it would. */
export type AsOlder = <T>(
  knows: Knows,
  /** `taken` resolves when something that this version understands so is on disk. */
  work: (taken: (fits: (draft: EventDraft) => boolean) => Promise<void>) => Promise<T>,
) => Promise<T>;

/** A platform whose plugin can be made older: what it hands over then is kept as it came, and not understood. */
export function withOlder(platform: AnyPlatform): { readonly platform: AnyPlatform; readonly asOlder: AsOlder } {
  let knows: Knows | null = null;
  let seen: EventDraft[] = [];
  let told = (): void => {};

  const commit =
    (host: Host): Host["commit"] =>
    async (intake, also) => {
      if (knows === null || intake.raw === undefined) return host.commit(intake, also);
      const committed = await host.commit({ ...intake, events: understood(intake, knows) }, also);
      seen.push(...intake.events);
      told();
      return committed;
    };

  return {
    platform: {
      ...platform,
      open: (host: Host) => platform.open(Object.create(host, { commit: { value: commit(host) } }) as Host),
    },
    async asOlder(as, work) {
      knows = as;
      seen = [];
      try {
        return await work(async (fits) => {
          while (!seen.some(fits)) await new Promise<void>((resolve) => (told = resolve));
        });
      } finally {
        knows = null;
      }
    },
  };
}

function understood({ events }: Intake, knows: Knows): readonly EventDraft[] {
  if (knows === "nothing") return [];
  return events.map(({ key, time, room, actor, bots }) => ({
    key,
    type: "platform.unknown",
    time,
    room,
    actor,
    ...(bots ? { bots } : {}),
  }));
}
