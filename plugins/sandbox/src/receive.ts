import { BotyardError, type EventDraft, type RawIntake, type Receive, type RunCall } from "@botyard/sdk";
import { fromWireError } from "./api.ts";
import { createBackfill } from "./backfill.ts";
import { decodeFrame } from "./decode.ts";
import { createHookHandler, hookBase } from "./hooks.ts";
import type { WireSocket } from "./simulator/feed.ts";
import { Lost, Refusal } from "./simulator/model.ts";
import { botAuth, handlesById, manager, type State } from "./state.ts";
import type { WireFrame } from "./wire.ts";

/** Where in which server's stream we are; kept together with the events before it. */
interface Place {
  readonly epoch: string;
  readonly seq: number;
}

const placeKey = (bot: string | undefined): string => `place/${bot ?? ""}`;

/** `end`: the session is over, and takes nothing any more. */
export function createReceive(state: State, end: AbortSignal): Receive {
  const { host, traits } = state;
  if (traits.transport === "hooks") {
    const http = createHookHandler(state);
    const leave = state.server.deliverTo(hookBase(host), async ({ url, headers, body }) => {
      const path = url.slice(hookBase(host).length);
      const answer = http({ method: "POST", path, query: {}, headers, body });
      // Whoever ends in the middle answers nothing, and nobody waits for it.
      return Promise.race([answer.then(({ status }) => status), ended(host.signal).then(() => 599)]);
    });
    end.addEventListener("abort", leave, { once: true });
    return { http, maxBodyBytes: 1_048_576, decode: (intake) => decodeKept(state, intake) };
  }
  const sockets = new Map<string, WireSocket>();
  const { heartbeatMs, heartbeatTimeoutMs } = host.connection.settings;
  return {
    per: traits.policy.copies === "per-bot" ? "bot" : "connection",
    run: (call) => run(state, sockets, call),
    prove: {
      everyMs: heartbeatMs,
      timeoutMs: heartbeatTimeoutMs,
      async check(call) {
        const socket = sockets.get(call.bot?.handle ?? "");
        if (!socket) throw new BotyardError("unreachable", "The socket to the sandbox is closed.");
        await Promise.race([socket.ping(), ended(call.signal)]);
      },
    },
    decode: (intake) => decodeKept(state, intake),
    ...(traits.policy.history ? { backfill: createBackfill(state) } : {}),
  };
}

/** A hook holds one frame, a socket's intake several. */
async function decodeKept(state: State, { raw, bots }: RawIntake): Promise<readonly EventDraft[]> {
  const kept = JSON.parse(new TextDecoder().decode(raw)) as WireFrame | readonly WireFrame[];
  const handles = await handlesById(state);
  return draftsOf([kept].flat(), handles, bots);
}

/** Of what none of our bots could see there is no event. `bots`: for whom it came, where each has a copy. */
function draftsOf(
  frames: readonly WireFrame[],
  handles: ReadonlyMap<string, string>,
  bots: readonly string[] | undefined,
): readonly EventDraft[] {
  return frames
    .map((frame) => decodeFrame(frame, handles))
    .map((draft) => (bots === undefined ? draft : { ...draft, bots }))
    .filter((draft) => draft.bots === undefined || draft.bots.length > 0);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** One life of a socket: of the connection, or of one bot. */
async function run(state: State, sockets: Map<string, WireSocket>, call: RunCall): Promise<void> {
  const { host, server, traits } = state;
  const handle = call.bot?.handle;
  const before = (await host.store.get(placeKey(handle))) as Place | null | undefined;
  // another server knows nothing of our place, and has nothing that we could have missed
  const place = before?.epoch === server.epoch ? before : null;
  const auth = handle === undefined ? await manager(state) : await botAuth(state, handle);
  const socket = open(() =>
    server.socket(auth, { bot: call.bot?.nativeId ?? null, after: traits.policy.resume ? (place?.seq ?? null) : null }),
  );
  const close = (): void => socket.close();
  call.signal.addEventListener("abort", close, { once: true });
  sockets.set(handle ?? "", socket);
  try {
    let { from } = socket;
    call.started({ from: place === null ? "fresh" : socket.resumed ? "resumed" : "unknown" });
    // After it, and not before: it waits until what may be missing is written down.
    await host.store.put({ [placeKey(handle)]: { epoch: server.epoch, seq: from } });
    while (!call.signal.aborted) {
      const frames = await socket.next().catch(lost);
      if (frames.length === 0) return;
      const holeless = frames.filter((frame, index) => frame.seq === from + index + 1);
      await commit(state, holeless, handle);
      if (holeless.length < frames.length) {
        throw new BotyardError("upstream", "The sandbox's stream has a hole; reading on from before it.");
      }
      from += frames.length;
    }
  } finally {
    call.signal.removeEventListener("abort", close);
    sockets.delete(handle ?? "");
    socket.close();
  }
}

function open(connect: () => WireSocket): WireSocket {
  try {
    return connect();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status >= 500)
      throw new BotyardError("unreachable", "The sandbox takes no sockets now.", { cause: error });
    throw fromWireError({ status: error.status, code: error.code, text: error.message });
  }
}

function lost(error: unknown): never {
  if (!(error instanceof Lost)) throw error;
  throw new BotyardError("unreachable", "The socket to the sandbox broke.", { cause: error });
}

async function commit(state: State, frames: readonly WireFrame[], handle: string | undefined): Promise<void> {
  const [first] = frames;
  const last = frames.at(-1);
  if (!first || !last) return;
  const handles = await handlesById(state);
  const bots = handle === undefined ? undefined : [handle];
  await state.host.commit(
    {
      via: "frame",
      id: `${first.seq}-${last.seq}`,
      ...(bots ? { bots } : {}),
      raw: JSON.stringify(frames),
      events: draftsOf(frames, handles, bots),
    },
    { put: { [placeKey(handle)]: { epoch: state.server.epoch, seq: last.seq } } },
  );
}
