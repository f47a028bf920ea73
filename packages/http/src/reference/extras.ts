import { type JsonSchema, jsonSchemaOf, type Runtime } from "@botyard/core";

/** What one platform adds to what all have, as a named schema. */
export interface Extra {
  readonly platform: string;
  readonly title: string;
  /** Where it belongs: an operation (its `options`), an entity (its `native`), or `settings` of a connection. */
  readonly of: string;
  /** `TalkBotsCreateOptions`, `StoatBotNative`, `MatrixSettings` */
  readonly name: string;
  readonly schema: JsonSchema;
}

const pascal = (text: string): string =>
  text.replace(/(?:^|[-. ])([a-zA-Z])/g, (_, letter: string) => letter.toUpperCase());

function nameOf(namespace: string, of: string): string {
  const kind = of === "settings" ? "" : of.includes(".") ? "Options" : "Native";
  return `${pascal(namespace)}${pascal(of)}${kind}`;
}

/** Of all platforms of the runtime; what has no fields is left out. */
export function readExtras({ platforms }: Pick<Runtime, "platforms">): readonly Extra[] {
  return [...platforms.values()].flatMap(({ id: platform, title, namespace, settings, extras = {} }) =>
    Object.entries({ settings, ...extras }).flatMap(([of, declared]): Extra[] => {
      const schema = jsonSchemaOf(declared, of === "settings" || of.includes(".") ? "input" : "output");
      const hollow = Object.keys((schema["properties"] as object | undefined) ?? {}).length === 0;
      return hollow ? [] : [{ platform, title, of, name: nameOf(namespace, of), schema }];
    }),
  );
}
