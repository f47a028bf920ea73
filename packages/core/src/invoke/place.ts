import { type AnyOperation, metaOf, type ObjectSchema, type RefKind } from "@botyard/sdk";
import type { AuditRow } from "../store/types.ts";
import type { Target } from "./context.ts";

const longest = 200;

/** A field that names something, as it was sent; null for all that is no name. */
function named(operation: AnyOperation, raw: Readonly<Record<string, unknown>>, field: RefKind): string | null {
  const schema = (operation.input as ObjectSchema).entries[field];
  const value = raw[field];
  const isName = schema !== undefined && (field === "connection" || metaOf(schema).ref === field);
  return isName && typeof value === "string" && value.length <= longest ? value : null;
}

/** Where a call was meant to act, for the audit: also of one that was refused before anything was looked up. */
export function placeOf(
  operation: AnyOperation,
  raw: Readonly<Record<string, unknown>>,
  target: Target | null,
): Pick<AuditRow, "connection" | "bot" | "room"> {
  return {
    connection: target?.connection.id ?? named(operation, raw, "connection"),
    bot: target?.bot?.handle ?? target?.as?.handle ?? named(operation, raw, "bot") ?? named(operation, raw, "as"),
    // What the caller wrote is what people know the room by; the ledger has its id.
    room: named(operation, raw, "room") ?? target?.room ?? null,
  };
}
