import * as v from "valibot";
import { expected } from "@botyard/sdk";

const address = (schemes: RegExp, example: string): v.GenericSchema<string, string> =>
  v.pipe(
    v.string(),
    v.maxLength(2000),
    v.check((text) => URL.canParse(text) && schemes.test(text), expected(`an address like ${example}`)),
  );

/** Settings of a connection: none is needed, an instance says itself where its parts are. */
export const settings = v.strictObject({
  /** Address of the gateway, where the one the instance names cannot be reached from here. */
  gateway: v.optional(address(/^(?:ws|http)s?:/, "wss://stoat.example.org/ws")),
  /** Address of the file server, where the one the instance names cannot be reached from here. */
  files: v.optional(address(/^https?:/, "https://stoat.example.org/autumn")),
});
export interface Settings extends v.InferOutput<typeof settings> {}
