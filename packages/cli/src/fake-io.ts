import type { Io } from "./io.ts";

export interface FakeIo extends Io {
  readonly output: { out: string; err: string };
  /** Ends what waits, as Ctrl-C does. */
  stop(): void;
}

/** For tests: keeps what is written, answers questions from a list, has no terminal unless told. */
export function createFakeIo(
  given: {
    readonly env?: Readonly<Record<string, string>>;
    readonly interactive?: boolean;
    readonly outIsTerminal?: boolean;
    readonly stdin?: string;
    readonly answers?: readonly string[];
  } = {},
): FakeIo {
  const output = { out: "", err: "" };
  const answers = [...(given.answers ?? [])];
  const controller = new AbortController();
  const ask = async (question: string): Promise<string> => {
    output.err += question;
    return answers.shift() ?? "";
  };
  return {
    output,
    env: given.env ?? {},
    interactive: given.interactive ?? false,
    outIsTerminal: given.outIsTerminal ?? false,
    colour: { out: false, err: false },
    columns: null,
    out: (text) => void (output.out += text),
    err: (text) => void (output.err += text),
    outBytes: async (bytes) => void (output.out += await new Response(bytes).text()),
    flush: async () => {},
    stdin: () => new Blob([given.stdin ?? ""]).stream(),
    ask,
    askSecret: ask,
    signal: controller.signal,
    stop: () => controller.abort(),
  };
}
