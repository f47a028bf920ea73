import * as v from "valibot";
import { DurationMs, expected } from "@botyard/sdk";

/** Ways in which the sandbox can be as awkward as a real server. They combine. */
export const Profile = v.picklist([
  "operator-install",
  "per-bot-copies",
  "no-message-id",
  "detect-only-keys",
  "two-credentials",
  "no-resume",
]);
export type Profile = v.InferOutput<typeof Profile>;

const Name = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, expected("a name of a-z 0-9 . _ -")));

/** `lobby`, or `eng:ops` for a channel of the space `eng`. */
const RoomHandle = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]*(?::[a-z0-9][a-z0-9-]*)?$/, expected("a room like lobby or eng:ops")),
);

export const settings = v.strictObject({
  /** Habits of the server; none: it can do everything. */
  profiles: v.optional(v.array(Profile), []),
  /**
   * Connections of one process that name the same server share it, and it outlives them. Without a name the server is
   * the connection's own and ends with its session.
   */
  server: v.optional(Name),
  /** People who are there from the start. */
  users: v.optional(v.array(Name), ["alice", "bob", "ops-admin"]),
  /** Public channels that are there from the start. */
  rooms: v.optional(v.array(RoomHandle), ["lobby", "eng:ops", "eng:alerts"]),
  /** Rooms whose history nobody may read. */
  closedHistory: v.optional(v.array(RoomHandle), []),
  /** False: the server keeps no history at all. */
  history: v.optional(v.boolean(), true),
  /** Ids that `user:<id>` may act as without being a managed bot; `*` stands for any text. */
  ghosts: v.optional(
    v.pipe(v.string(), v.regex(/^[a-z0-9._*-]{1,64}$/, expected("a pattern like ghost-*"))),
    "ghost-*",
  ),
  /** How often the way from the server is proven. */
  heartbeatMs: v.optional(DurationMs, 15_000),
  heartbeatTimeoutMs: v.optional(DurationMs, 5_000),
  /** Larger files are refused. */
  maxFileBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 536_870_912),
  /** Larger files are kept in a temporary file, so that memory stays constant. */
  memoryFileBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 1_048_576),
});
export type Settings = v.InferOutput<typeof settings>;
