// A process of its own, so that signing and sending do not take the server's time.
import { connect, type Socket } from "node:net";
import { percentile } from "../measure.ts";
import type { LoadResult, LoadRun, LoadTarget } from "./types.ts";

interface Lane {
  /** Sends one request; resolves with the status of its answer. */
  exchange(request: Uint8Array): Promise<number>;
  close(): void;
}

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = Buffer.from("\r\n0\r\n\r\n");

/** Bytes of a whole answer at the beginning of what came; undefined: more has to come. One answer is under way at most. */
function lengthOf(held: Buffer): number | undefined {
  const end = held.indexOf(headEnd);
  if (end < 0) return undefined;
  const head = held.toString("latin1", 0, end);
  if (/transfer-encoding: *chunked/i.test(head)) {
    const last = held.length - lastChunk.length;
    return last > end && held.subarray(last).equals(lastChunk) ? held.length : undefined;
  }
  const length = end + headEnd.length + Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  return held.length < length ? undefined : length;
}

/** One kept-alive connection. */
function openLane(target: LoadTarget): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(target.port, target.host);
    let held: Buffer = Buffer.alloc(0);
    let answer: ((status: number) => void) | null = null;
    let fail: (error: Error) => void = reject;
    socket.setNoDelay(true);
    socket.on("error", (error) => fail(error));
    socket.on("close", () => fail(new Error("the server closed a kept-alive connection")));
    socket.on("data", (bytes: Buffer) => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const length = lengthOf(held);
      if (length === undefined) return;
      const status = Number(held.toString("latin1", 9, 12));
      held = held.subarray(length);
      answer?.(status);
    });
    socket.on("connect", () =>
      resolve({
        exchange: (request) =>
          new Promise((answered, failed) => {
            answer = answered;
            fail = failed;
            socket.write(request);
          }),
        close() {
          fail = () => {};
          socket.destroy();
        },
      }),
    );
  });
}

let n = 0;
/** Requests a second of the run before. */
let pace = 0;

async function run(
  target: LoadTarget,
  write: (n: number, settings: unknown) => Uint8Array,
  { lanes, seconds, perSecond }: LoadRun,
): Promise<LoadResult> {
  const open = await Promise.all(Array.from({ length: lanes }, () => openLane(target)));
  // Written before the clock starts, as many as will be sent: a sender that signs between an answer and its next request
  // leaves the server waiting.
  const stock = Array.from({ length: Math.ceil((perSecond ?? pace * 1.25) * seconds) }, () =>
    write((n += 1), target.settings),
  ).reverse();
  const delays: number[] = [];
  let refused = 0;
  let due = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    open.map(async (lane) => {
      for (;;) {
        let from = performance.now();
        if (perSecond !== undefined) {
          const at = start + (due++ * 1000) / perSecond;
          if (at >= end) return;
          if (at > from) await new Promise((resolve) => setTimeout(resolve, at - from));
          from = Math.min(at, performance.now());
        } else if (from >= end) return;
        const status = await lane.exchange(stock.pop() ?? write((n += 1), target.settings));
        if (status < 200 || status > 299) refused += 1;
        delays.push(performance.now() - from);
      }
    }),
  );
  const took = (performance.now() - start) / 1000;
  for (const lane of open) lane.close();
  pace = delays.length / took;
  return {
    perSecond: pace,
    p50: percentile(delays, 50),
    p99: percentile(delays, 99),
    refused,
  };
}

process.once("message", (message) => {
  const target = message as LoadTarget;
  void import(target.requests).then(({ request }: { request: (n: number, settings: unknown) => Uint8Array }) => {
    process.on("message", (wanted) => {
      run(target, request, wanted as LoadRun).then(
        (result) => process.send?.({ result }),
        (error: unknown) => process.send?.({ error: String(error) }),
      );
    });
    process.send?.({ ready: true });
  });
});
process.on("disconnect", () => process.exit(0));
