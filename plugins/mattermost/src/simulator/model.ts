import type { Fields, WireChannel, WireFileInfo, WirePost, WireReaction, WireTeam, WireToken } from "../wire.ts";

export interface SimUser {
  readonly id: string;
  username: string;
  email: string;
  password: string | null;
  roles: string;
  first_name: string;
  nickname: string;
  create_at: number;
  update_at: number;
  delete_at: number;
  status: string;
  /** JSON of what is shown beside the name; null: never set, empty: no more. */
  customStatus: string | null;
  /** Set by somebody; null: the default picture. */
  image: { readonly type: string; readonly bytes: Uint8Array } | null;
}

export interface SimBot {
  readonly user_id: string;
  description: string;
  owner_id: string;
  create_at: number;
  update_at: number;
  delete_at: number;
  icon: Uint8Array | null;
  last_icon_update: number;
}

/** An access token, or the session of a login (`id` empty). */
export interface SimToken extends WireToken {
  readonly token: string;
  is_active: boolean;
  /** Unix milliseconds; 0: never. Absent where the server knows no ends. */
  expires_at?: number;
  readonly session: boolean;
  readonly created: number;
  lastUsed: number;
  /** Id of the session behind it; empty until the next use. */
  sessionId: string;
}

export type SimChannel = { -readonly [K in keyof WireChannel]: WireChannel[K] } & {
  readonly creator_id: string;
  create_at: number;
  last_post_at: number;
  readonly members: Map<string, { roles: string }>;
};

export type SimTeam = { -readonly [K in keyof WireTeam]: WireTeam[K] } & {
  readonly create_at: number;
  update_at: number;
  readonly type: string;
  readonly email: string;
  readonly members: Set<string>;
};

export type SimPost = { -readonly [K in keyof WirePost]: WirePost[K] } & { file_ids: readonly string[]; props: Fields };

export interface SimFile extends WireFileInfo {
  readonly user_id: string;
  readonly channel_id: string;
  readonly create_at: number;
  post_id: string;
  readonly update_at: number;
  readonly delete_at: number;
  readonly extension: string;
  readonly mini_preview: null;
  readonly remote_id: string;
  readonly archived: boolean;
  readonly bytes: Uint8Array;
}

export interface Broadcast {
  readonly user?: string;
  readonly channel?: string;
  readonly team?: string;
  readonly omit?: string;
}

export interface SimConfig {
  botCreation: boolean;
  userTokens: boolean;
  disableBotsWithOwner: boolean;
  maxPostSize: number;
  /** Null: no limiter. */
  rate: { readonly perSecond: number; readonly burst: number } | null;
  /** As servers before 6.0: real icons. */
  icons: boolean;
  /** Tokens end (documented for 11.9) and are rotated in place (documented for 11.10): not recorded, made from the documentation. */
  tokenLife: boolean;
  /** Settings of the client's configuration that are off: `EnableCommands`. */
  off: readonly string[];
  version: string;
}

/** What a stand-in of a server remembers. */
export interface World {
  readonly config: SimConfig;
  readonly users: Map<string, SimUser>;
  readonly bots: Map<string, SimBot>;
  /** By secret. */
  readonly tokens: Map<string, SimToken>;
  readonly teams: Map<string, SimTeam>;
  readonly channels: Map<string, SimChannel>;
  /** In the order they were made. */
  readonly posts: Map<string, SimPost>;
  readonly reactions: Map<string, WireReaction[]>;
  readonly files: Map<string, SimFile>;
  readonly commands: Map<string, Fields>;
  readonly incoming: Map<string, Fields>;
  readonly outgoing: Map<string, Fields>;
  /** Answers to commands that are still taken, by id. */
  readonly answers: Map<string, { readonly channel: string; readonly user: string }>;
  /** By pending_post_id, of all users together. */
  readonly pending: Map<string, { readonly at: number; readonly post: SimPost | null }>;
  readonly now: () => number;
  readonly newId: () => string;
  /** Tells the sockets. */
  readonly tell: (event: string, data: Fields, to: Broadcast) => void;
  /** Calls an integration; throws where nobody answers. */
  readonly callOut: (request: Request) => Promise<Response>;
  readonly site: string;
  /** Makes the direct message of two users. */
  readonly openDirect: (left: string, right: string) => void;
}

/** A refusal, as the server words it. */
export class Refusal extends Error {
  readonly status: number;
  readonly id: string;

  constructor(status: number, id: string) {
    super(`${status} ${id}`);
    this.status = status;
    this.id = id;
  }
}

export function refuse(status: number, id: string): never {
  throw new Refusal(status, id);
}

export const noPermission = (): never => refuse(403, "api.context.permissions.app_error");
export const badBody = (): never => refuse(400, "api.context.invalid_body_param.app_error");

const alphabet = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** Ids that look like the real ones, the same in each run. */
export function createIds(seed = 0x2545f491): () => string {
  let state = seed;
  const letter = (): string => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return alphabet.charAt((state >>> 0) % alphabet.length);
  };
  return () => Array.from({ length: 26 }, letter).join("");
}

export const isAdmin = (user: SimUser): boolean => user.roles.split(" ").includes("system_admin");
