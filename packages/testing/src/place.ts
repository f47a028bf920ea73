import type { HookRequest, HookResponse, Step } from "@botyard/sdk";

/** What a place may use to play the people and the server of the connection. */
export interface DriveTools {
  /** An operation in the connection; answers its value. */
  invoke(name: string, input?: object): Promise<unknown>;
  /** A request of the chat server to `/hooks/<connection>/…`. */
  hook(request: HookRequest): Promise<HookResponse>;
}

/** What the simulator lets a test do. What is absent is not tested, and the summary says so. */
export interface Drive {
  /** A room in which people talk and into which bots may be brought: id or handle. */
  readonly room?: string;
  /** A person: native id. */
  readonly person?: string;
  /** Whether a bot's own message comes back as an event. */
  readonly echoes?: boolean;
  /** Whether `say` honours `replyTo`. */
  readonly replies?: boolean;
  /** Writes as a person, in a room by native id; answers the message's native id. */
  say?(room: string, text: string, options?: { readonly replyTo?: string }): Promise<string>;
  /** Does on the server what a step asks for. */
  operate?(step: Step): Promise<void>;
  /** Texts of a room as the server has them, oldest first, deleted ones left out. */
  transcript?(room: string): Promise<readonly string[]>;
  /** How a person writes a mention of a bot: `@helper`. */
  mention?(username: string): string;
  /** The next send is done, and its answer is lost. */
  loseAnswer?(): Promise<void>;
  /** The way on which events come breaks, and comes back by itself or by what the core does. */
  cut?(): Promise<void>;
}

/** A chat server to test against: usually a simulator made for one run. */
export interface Place {
  readonly url?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Kind → secret. */
  readonly credentials?: Readonly<Record<string, string>>;
  readonly import?: Readonly<Record<string, string>>;
  /** The simulator, in place of the network. */
  readonly fetch?: (request: Request) => Promise<Response>;
  readonly drive?: (tools: DriveTools) => Drive;
  close?(): Promise<void>;
}
