import type { AnyOperation } from "@botyard/sdk";
import { ulid } from "../ulid.ts";
import type { CallContext } from "./context.ts";
import { perform } from "./perform.ts";
import { resolveTarget } from "./resolve.ts";

/** Asks the platform another, reading operation on behalf of a call: same caller, same deadline, no row of its own. */
export async function ask(
  call: CallContext,
  name: string,
  input: Readonly<Record<string, unknown>> & { readonly connection: string },
): Promise<unknown> {
  const { core } = call;
  const operation = core.table.operations.get(name) as AnyOperation;
  const target = await resolveTarget(core, operation, call.principal, input);
  if (!target) throw new TypeError(`${name} needs one connection`);
  return perform({
    core,
    operation,
    target,
    input,
    row: null,
    effectId: ulid(),
    idempotency: { kind: "natural" },
    capability: core.supervisor.capability(input.connection, name),
    deadline: call.deadline,
    signal: call.signal,
  });
}
