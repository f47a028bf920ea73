import type { Operations } from "@botyard/sdk";
import type { Drive } from "../place.ts";
import type { AsOlder } from "../older.ts";
import type { World } from "../world.ts";

/** What every case finds: a bot in a room with a person. */
export interface Scene {
  readonly world: World;
  /** Handle of a bot that is ready and in the room. */
  readonly bot: string;
  /** Native id of the room. */
  readonly room: string;
  /** Another name for what a case makes, different each time: `suite-3`. */
  fresh(): string;
  /** Makes a bot, does its steps, brings it into the room; answers its handle. */
  makeBot(): Promise<string>;
  /** Absent where nobody can: the plugin runs in a process of its own. */
  readonly asOlder?: AsOlder;
}

/** Operations a case can be about. */
export type Operation = {
  [K in keyof Operations]: Operations[K] extends { readonly run: infer R } ? (R extends "tool" ? never : K) : never;
}[keyof Operations];

/** One thing a platform must do, if it declares the operations. */
export interface Case {
  /** The operation it is about; the test stands under its noun. */
  readonly operation: Operation;
  readonly name: string;
  /** Other operations it needs; it is skipped with a reason where one is `none`. */
  readonly also?: readonly Operation[];
  /** What the place must be able to do. */
  readonly needs?: readonly (keyof Drive)[];
  /** Answers why it cannot be tried here, or nothing. */
  run(scene: Scene): Promise<string | void>;
}
