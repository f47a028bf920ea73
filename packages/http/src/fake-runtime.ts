import { describeTable, type InvokeOptions, type InvokeResult, type Principal, type Runtime } from "@botyard/core";
import { BotyardError, type HookRequest, type HookResponse } from "@botyard/sdk";

/** One call that reached the runtime. */
export interface Invoked {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: InvokeOptions;
}

type Answer = (input: Readonly<Record<string, unknown>>, options: InvokeOptions) => unknown;

export interface FakeRuntime extends Runtime {
  readonly invoked: Invoked[];
  readonly hooked: { readonly connection: string; readonly request: HookRequest }[];
  /** Ends the streams of the good key. */
  revoke(): void;
}

interface FakeOptions {
  /** By operation; a value that is no InvokeResult is answered with 200. Default: `{}`. */
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly ready?: () => boolean;
  readonly hook?: (request: HookRequest) => HookResponse | Promise<HookResponse>;
}

export const goodKey = "by_good_key";
const secretReason = "SECRET-REASON";

/**
 * A runtime with the real table, so that HTTP is tested without what lies behind it: one good key, one connection
 * `chat` with hooks of at most 1000 bytes, answers by the test.
 */
export function createFakeRuntime({
  answers = {},
  ready = () => true,
  hook = () => ({ status: 200, json: {} }),
}: FakeOptions = {}): FakeRuntime {
  const { operations, descriptors } = describeTable([]);
  const revoked = new AbortController();
  const invoked: Invoked[] = [];
  const hooked: FakeRuntime["hooked"] = [];
  const local: Principal = {
    keyId: "key_1",
    name: "good",
    grant: { operations: ["*"] },
    ratePerMinute: null,
    signal: revoked.signal,
  };
  return {
    version: "0.0.0-test",
    descriptors,
    operations,
    platforms: new Map(),
    plugins: {
      list: () => [],
      load: () => Promise.reject(new BotyardError("unsupported", "This runtime loads no plugins.")),
      unload: async () => {},
      onChange: () => () => {},
    },
    local,
    invoked,
    hooked,
    revoke: () => revoked.abort(),
    async invoke(name, input, options): Promise<InvokeResult> {
      invoked.push({ name, input, options });
      const value = await answers[name]?.(input, options);
      if (typeof value === "object" && value !== null && "replayed" in value) return value as InvokeResult;
      return { value, status: 200, replayed: false };
    },
    async authenticate(key) {
      if (key === goodKey) return local;
      throw new BotyardError("unauthenticated", key === null ? "A key is missing." : "This key is not known.", {
        cause: new Error(secretReason),
      });
    },
    async hook(connection, request) {
      hooked.push({ connection, request });
      return hook(request);
    },
    hookLimit: (connection) => (connection === "chat" ? 1000 : null),
    ready,
    async close() {},
  };
}
