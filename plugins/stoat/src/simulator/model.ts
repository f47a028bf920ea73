import { firstIdAt } from "../ulid.ts";

export interface SimAccount {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  wrong: number;
  lockedUntil: number;
  totp: string | null;
  pendingTotp: string | null;
}

export interface SimFile {
  readonly _id: string;
  readonly tag: string;
  readonly filename: string;
  readonly content_type: string;
  readonly size: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly bytes: Uint8Array;
  used: boolean;
}

export interface SimUser {
  readonly _id: string;
  username: string;
  discriminator: string;
  display_name?: string | undefined;
  pronouns?: string | undefined;
  status?: { text?: string | undefined; presence?: string | undefined } | undefined;
  content?: string | undefined;
  avatar?: SimFile | undefined;
  flags?: number | undefined;
  readonly owner?: string | undefined;
}

export interface SimOAuth2 {
  public: boolean;
  secret: string | null;
  redirects: string[];
  allowed_scopes: Record<string, unknown>;
}

export interface SimBot {
  readonly _id: string;
  readonly owner: string;
  token: string;
  public: boolean;
  analytics: boolean;
  interactions_url?: string | undefined;
  oauth2?: SimOAuth2 | undefined;
}

export interface Permissions {
  a: number;
  d: number;
}

export interface SimRole {
  readonly _id: string;
  name: string;
  permissions: Permissions;
  readonly rank: number;
  readonly owner?: string | undefined;
}

export interface SimMember {
  readonly user: string;
  readonly joined_at: string;
  nickname?: string | undefined;
  roles: string[];
  timeout?: string | undefined;
}

export interface SimServer {
  readonly _id: string;
  readonly owner: string;
  name: string;
  description?: string | undefined;
  channels: string[];
  readonly roles: Map<string, SimRole>;
  default_permissions: number;
  readonly members: Map<string, SimMember>;
  readonly bans: Map<string, string | null>;
}

export interface SimChannel {
  readonly _id: string;
  readonly channel_type: "TextChannel" | "Group" | "DirectMessage" | "SavedMessages";
  readonly server?: string | undefined;
  name?: string | undefined;
  description?: string | undefined;
  readonly owner?: string | undefined;
  recipients: string[];
  default_permissions?: Permissions | undefined;
  slowmode?: number | undefined;
  last_message_id?: string | undefined;
  /** By user: until when slow mode holds them back. */
  readonly waits: Map<string, number>;
}

export interface SimMessage {
  readonly _id: string;
  readonly nonce?: string | undefined;
  readonly channel: string;
  readonly author: string;
  content?: string | undefined;
  readonly system?: Readonly<Record<string, unknown>> | undefined;
  readonly webhook?: Readonly<Record<string, unknown>> | undefined;
  readonly attachments: SimFile[];
  embeds?: unknown[] | undefined;
  readonly mentions: string[];
  readonly replies: string[];
  readonly masquerade?: Readonly<Record<string, unknown>> | undefined;
  readonly interactions?: Readonly<Record<string, unknown>> | undefined;
  readonly flags?: number | undefined;
  edited?: string | undefined;
  pinned: boolean;
  readonly reactions: Map<string, string[]>;
}

export interface WorldOptions {
  /** Default 0.15.1. `0.16.0` knows managed roles of bots. */
  readonly version?: string;
  /** Whether it is built from the OAuth2 branch. Default false. */
  readonly oauth2?: boolean;
  readonly files?: boolean;
  readonly webhooks?: boolean;
  readonly inviteOnly?: boolean;
  readonly groupSize?: number;
  readonly newUserHours?: number;
  readonly bots?: { readonly whileNew: number; readonly later: number };
  /** Default true: 10 requests in 10 s and the like. */
  readonly rateLimits?: boolean;
  /** Addresses as its root document says them. */
  readonly api?: string;
  readonly gateway?: string;
  readonly autumn?: string;
  readonly now?: () => number;
  /** Default permissions of new servers. */
  readonly defaultPermissions?: number;
}

/** Everything the server knows. Only the parts of the simulator touch it. */
export interface World {
  options: WorldOptions;
  readonly accounts: Map<string, SimAccount>;
  /** By token. */
  readonly sessions: Map<
    string,
    { readonly id: string; readonly account: string; readonly name: string; readonly at: string }
  >;
  /** By token: second factors that are asked for. */
  readonly tickets: Map<string, string>;
  readonly users: Map<string, SimUser>;
  readonly bots: Map<string, SimBot>;
  readonly servers: Map<string, SimServer>;
  readonly channels: Map<string, SimChannel>;
  /** By channel, oldest first. */
  readonly messages: Map<string, SimMessage[]>;
  readonly files: Map<string, SimFile>;
  readonly emojis: Map<string, string>;
  readonly invites: Map<string, { readonly server: string; readonly channel: string; readonly creator: string }>;
  readonly webhooks: Map<
    string,
    {
      readonly id: string;
      readonly channel: string;
      readonly token: string;
      readonly name: string;
      readonly creator: string;
    }
  >;
  readonly authorized: Map<
    string,
    {
      readonly user: string;
      readonly bot: string;
      readonly created_at: string;
      readonly scope: readonly string[];
      revoked: boolean;
    }
  >;
  /** The last keys of sends, in memory, of all users. */
  readonly keys: Set<string>;
  readonly sent: {
    emit: (users: Iterable<string>, frame: Readonly<Record<string, unknown>>) => void;
    logout: (token: string) => void;
    online: (user: string) => boolean;
  };
  now(): number;
  id(): string;
  token(): string;
}

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const tokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

export function createModel(options: WorldOptions): World {
  const now = options.now ?? (() => Date.now());
  let last = 0;
  let count = 0;
  return {
    options,
    accounts: new Map(),
    sessions: new Map(),
    tickets: new Map(),
    users: new Map(),
    bots: new Map(),
    servers: new Map(),
    channels: new Map(),
    messages: new Map(),
    files: new Map(),
    emojis: new Map(),
    invites: new Map(),
    webhooks: new Map(),
    authorized: new Map(),
    keys: new Set(),
    sent: { emit: () => {}, logout: () => {}, online: () => false },
    now,
    id() {
      // Growing also within a millisecond, as the server's are.
      const ms = Math.max(now(), last);
      last = ms;
      count += 1;
      let tail = "";
      for (let rest = count, at = 0; at < 16; at++, rest = Math.floor(rest / 32))
        tail = `${alphabet[rest % 32]}${tail}`;
      return firstIdAt(ms).slice(0, 10) + tail;
    },
    token: () => [...crypto.getRandomValues(new Uint8Array(64))].map((byte) => tokenAlphabet[byte % 64]).join(""),
  };
}
