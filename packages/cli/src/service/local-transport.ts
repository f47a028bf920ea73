import { randomUUID } from "node:crypto";
import type { Transport } from "@botyard/client";
import type { Runtime } from "@botyard/core";
import { isStreamOutput } from "@botyard/sdk";

/** Calls a runtime in this process with all rights. */
export function localTransport(runtime: Runtime): Transport {
  return {
    call(name, input, { signal, idempotencyKey }) {
      const result = runtime.invoke(name, input, {
        principal: runtime.local,
        request: `req_${randomUUID().replaceAll("-", "")}`,
        ...(signal ? { signal: () => signal } : {}),
        ...(idempotencyKey ? { idempotencyKey } : {}),
      });
      const operation = runtime.operations.get(name);
      if (operation && isStreamOutput(operation.output)) return items(result);
      return result.then(({ value }) => value);
    },
  };
}

async function* items(result: Promise<{ readonly value: unknown }>): AsyncGenerator<unknown, void> {
  yield* (await result).value as AsyncIterable<unknown>;
}
