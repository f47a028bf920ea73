import type { Clock } from "@botyard/sdk";

export interface Reaction {
  readonly room: string;
  readonly message: string;
  readonly emoji: string;
  readonly removed: boolean;
}

/**
 * Reactions of our own bots that webhooks will bring back: the server does not name who reacted, so that a bot would
 * answer its own reaction and that of its neighbour. In memory: an echo comes inside the call that causes it.
 */
export interface Echoes {
  /** Before the call is sent; the answer takes it back, for calls that changed nothing. */
  expect(reaction: Reaction, by: string, receivers: readonly string[]): () => void;
  /** Handle of our bot that did it, where this copy is such an echo; each counts once. */
  take(reaction: Reaction, receiver: string): string | null;
}

const lastsMs = 60_000;

export function createEchoes(clock: Pick<Clock, "now">): Echoes {
  const expected = new Map<string, { readonly by: string; readonly until: number }[]>();
  const keyOf = ({ room, message, emoji, removed }: Reaction, receiver: string): string =>
    JSON.stringify([room, message, emoji, removed, receiver]);

  const sweep = (): void => {
    for (const [key, list] of expected) {
      const left = list.filter(({ until }) => until > clock.now());
      if (left.length > 0) expected.set(key, left);
      else expected.delete(key);
    }
  };

  return {
    expect(reaction, by, receivers) {
      sweep();
      const one = { by, until: clock.now() + lastsMs };
      const keys = receivers.map((receiver) => keyOf(reaction, receiver));
      for (const key of keys) expected.set(key, [...(expected.get(key) ?? []), one]);
      return () => {
        for (const key of keys)
          expected.set(
            key,
            (expected.get(key) ?? []).filter((other) => other !== one),
          );
      };
    },
    take(reaction, receiver) {
      sweep();
      const key = keyOf(reaction, receiver);
      const [first, ...rest] = expected.get(key) ?? [];
      if (first) expected.set(key, rest);
      return first?.by ?? null;
    },
  };
}
