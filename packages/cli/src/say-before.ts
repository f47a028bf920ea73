import { isBotyardError } from "@botyard/sdk";
import type { Session } from "./session.ts";

/**
 * Before a question: what the server does about it that a person should know, as the platform's capability says it.
 * Nothing where nobody is asked, or where it cannot be found out.
 */
export async function sayBefore(
  operation: string,
  { connection }: Readonly<Record<string, unknown>>,
  session: Session,
): Promise<void> {
  const { io, globals } = session;
  if (globals.yes || !io.interactive || typeof connection !== "string" || connection === "-") return;
  try {
    const { items } = await (await session.client()).connections.capabilities({ connection }, { signal: io.signal });
    const { detail } = items.find((one) => one.operation === operation) ?? {};
    if (detail) io.err(`  i ${detail}\n`);
  } catch (error) {
    if (!isBotyardError(error)) throw error;
  }
}
