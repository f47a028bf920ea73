/**
 * One end of a line between core and plugin. Messages arrive in order, each once, as copies: what can be sent is what
 * the structured clone algorithm takes.
 */
export interface Port {
  /** Throws for what cannot be cloned; does nothing once the port is closed. */
  send(message: unknown): void;
  /** One listener; what came before it was set is kept for it. */
  onMessage(listener: (message: unknown) => void): void;
  /** Told once, after the last message, why the line is down: `exit code 3`. At once where it is down already. */
  onClose(listener: (reason: string) => void): void;
  /** Closes both ends. */
  close(reason: string): void;
}

/** The receiving half that every port shares: keeps messages until somebody listens, and ends once. */
export interface Inbox {
  readonly port: Pick<Port, "onMessage" | "onClose">;
  readonly closed: boolean;
  deliver(message: unknown): void;
  end(reason: string): void;
}

export function createInbox(): Inbox {
  const waiting: unknown[] = [];
  const closers: ((reason: string) => void)[] = [];
  let listener: ((message: unknown) => void) | null = null;
  let ended: string | null = null;
  const drain = (): void => {
    for (;;) {
      if (!listener || waiting.length === 0) return;
      listener(waiting.shift());
    }
  };
  return {
    get closed() {
      return ended !== null;
    },
    deliver(message) {
      if (ended !== null) return;
      waiting.push(message);
      drain();
    },
    end(reason) {
      if (ended !== null) return;
      drain();
      ended = reason;
      for (const closer of closers.splice(0)) closer(reason);
    },
    port: {
      onMessage(next) {
        // Not before the caller is done with setting itself up.
        queueMicrotask(() => {
          listener = next;
          drain();
        });
      },
      onClose(closer) {
        if (ended === null) closers.push(closer);
        else closer(ended);
      },
    },
  };
}

/**
 * Two joined ports in one process. Every message goes through `structuredClone`, so that what works here is known to
 * cross a process boundary as well. Delivery is asynchronous and in order.
 */
export function createPortPair(): readonly [Port, Port] {
  const left = createInbox();
  const right = createInbox();
  const later = (inbox: Inbox, work: () => void): void => queueMicrotask(() => void (inbox.closed || work()));
  const end = (mine: Inbox, theirs: Inbox): Port => ({
    ...mine.port,
    send(message) {
      if (mine.closed) return;
      const copy: unknown = structuredClone(message);
      later(theirs, () => theirs.deliver(copy));
    },
    close(reason) {
      later(theirs, () => theirs.end(reason));
      later(mine, () => mine.end(reason));
    },
  });
  return [end(left, right), end(right, left)];
}
