import { createWorld, type World } from "@botyard/testing";
import type { Step } from "@botyard/sdk";
import platform from "../src/index.ts";
import type { Nextcloud, NextcloudOptions, Room, User } from "../src/simulator/index.ts";
import { talkPlace } from "./place.ts";

export interface Talk {
  readonly world: World;
  readonly cloud: Nextcloud;
  readonly room: Room;
  readonly ops: User;
  readonly alice: User;
  /** Installs a bot and brings it into the room. */
  bot(handle: string): Promise<void>;
  /** Runs the step's line on the server, as it was answered. */
  run(step: Step | undefined): Promise<void>;
  /** Texts of the room. */
  texts(): Promise<readonly string[]>;
  open(): Promise<readonly Step[]>;
}

export interface TalkOptions {
  readonly cloud?: Partial<NextcloudOptions>;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Default true: an administrator's app password is given. */
  readonly admin?: boolean;
  /** Names alice's account `alice`, with an app password. */
  readonly reader?: boolean;
}

/** The platform through the core, against the simulator. Close `world` afterwards. */
export async function openTalk(options: TalkOptions = {}): Promise<Talk> {
  const { credentials, ...place } = talkPlace(options.cloud);
  const { cloud } = place;
  const settings = { ...(options.reader ? { accounts: "alice" } : {}), ...options.settings };
  const world = await createWorld({
    platform,
    place: { ...place, settings, ...(options.admin === false || !credentials ? {} : { credentials }) },
  });
  const [ops, alice] = [...cloud.world.users.values()];
  const [room] = [...cloud.world.rooms.values()];
  if (!ops || !alice || !room) throw new Error("the place is empty");
  if (options.reader) {
    alice.appPasswords.add("app-password-of-alice");
    const secret = "alice:app-password-of-alice";
    await world.call("credentials.import", { kind: "account-password", account: "alice", secret });
    await world.call("connections.probe", {});
  }
  const run = async (step: Step | undefined): Promise<void> => {
    if (!step) throw new Error("there is no step");
    await world.drive.operate?.(step);
  };
  return {
    world,
    cloud,
    room,
    ops,
    alice,
    run,
    async bot(handle) {
      const made = await world.call("bots.create", { handle });
      await world.doSteps(made.opened);
      await world.call("rooms.add-bot", { room: room.token, bot: handle });
    },
    texts: async () => (await world.drive.transcript?.(room.token)) ?? [],
    open: async () => (await world.call("steps.list", {})).items,
  };
}

/** What an open step's line is in full. */
export async function reveal(world: World, step: string): Promise<Step> {
  const { value } = await world.invoke("steps.get", { step, reveal: true });
  return value as Step;
}
