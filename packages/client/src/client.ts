import type { InputArgument, Operations, OutputOf } from "@botyard/sdk";
import type { CallOptions, Transport } from "./transport.ts";

type Camel<S extends string> = S extends `${infer A}-${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
type Noun<K> = K extends `${infer N}.${string}` ? N : never;

type Answer<O> = O extends AsyncIterable<unknown> ? O : Promise<O>;

type Method<Op> =
  Record<never, never> extends InputArgument<Op>
    ? (input?: InputArgument<Op>, options?: CallOptions) => Answer<OutputOf<Op>>
    : (input: InputArgument<Op>, options?: CallOptions) => Answer<OutputOf<Op>>;

/** `rooms.list-bots` is `client.rooms.listBots(input, options)`. Streams are async iterables, everything else promises. */
export type Client<T = Operations> = {
  readonly [N in Noun<keyof T>]: {
    readonly [K in keyof T as K extends `${N}.${infer V}` ? Camel<V> : never]: Method<T[K]>;
  };
};

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function names<T>(member: (name: string) => T): object {
  return new Proxy(Object.create(null) as object, {
    // `await client` asks for `then`: answering a function would hang.
    get: (_, name) => (typeof name === "symbol" || name === "then" ? undefined : member(name)),
  });
}

/**
 * @example
 * const client = createClient(httpTransport({ url, key }));
 * await client.messages.send({ connection: "chat", room: "eng:ops", text: "hello", as: "helper" });
 * for await (const event of client.events.stream({ bot: "chat/helper" })) …
 *
 * A platform's native operations: `createClient<Operations & OperationsIn<typeof native>>(…)`.
 */
export function createClient<T = Operations>(transport: Transport): Client<T> {
  return names((noun) =>
    names(
      (verb) =>
        (input: Readonly<Record<string, unknown>> = {}, options: CallOptions = {}) =>
          transport.call(`${kebab(noun)}.${kebab(verb)}`, input, options),
    ),
  ) as Client<T>;
}
