import type { Runtime } from "@botyard/core";
import { docsPage } from "./docs-page.ts";
import { errorsPage } from "./errors-page.ts";
import { openapiDocument } from "./openapi.ts";
import { readReference, type Reference } from "./schemas.ts";

const headers = {
  "x-content-type-options": "nosniff",
  // The pages bring their own style and nothing else.
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** Answers of the paths for readers, made when first asked for. */
export function createReference(runtime: Runtime): Readonly<Record<string, () => Response>> {
  const once = (type: string, make: () => unknown): (() => Response) => {
    let text: string | undefined;
    return () => new Response((text ??= String(make())), { headers: { ...headers, "content-type": type } });
  };
  let read: Reference | undefined;
  const reference = (): Reference => (read ??= readReference(runtime));
  const html = "text/html; charset=utf-8";
  return {
    "/openapi.json": once("application/json", () => JSON.stringify(openapiDocument(reference(), runtime.version))),
    "/docs": once(html, () => docsPage(reference(), runtime.version)),
    "/docs/errors": once(html, () => errorsPage(runtime.version)),
  };
}
