import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context } from "./context.ts";

const key = "hook-secret";

/** 256 bits that make the addresses of our hooks unguessable; made once for a connection. */
export async function hookSecret({ host }: Pick<Context, "host">): Promise<string> {
  const kept = await host.store.get(key);
  if (typeof kept === "string") return kept;
  const made = randomBytes(32).toString("hex");
  await host.store.put({ [key]: made });
  return made;
}

/** One secret for each purpose, so that a leaked address opens nothing else: `command/helper`. */
export function derive(secret: string, purpose: string): string {
  return createHmac("sha256", secret).update(purpose).digest("hex").slice(0, 40);
}

export function isSame(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}

export type HookKind = "command" | "action" | "dialog" | "webhook";

/** Below `/hooks/<connection>`. */
export async function hookPath(context: Pick<Context, "host">, kind: HookKind, bot: string): Promise<string> {
  return `/${kind}/${bot}/${derive(await hookSecret(context), `${kind}/${bot}`)}`;
}
