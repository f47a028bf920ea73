import type { Descriptor } from "@botyard/core";
import { isBotyardError } from "@botyard/sdk";
import type { ComposeWorld } from "./args/compose.ts";
import type { ParsedArgs } from "./args/parse.ts";
import { connectionSchema } from "./platform-options.ts";
import type { Session } from "./session.ts";

/** What making an input may ask of the service and of the person. */
export function composeWorld(session: Session, args: ParsedArgs, descriptor: Descriptor): ComposeWorld {
  const { io } = session;
  let known: Promise<readonly string[] | null> | undefined;
  async function ask(): Promise<readonly string[] | null> {
    const { transport } = await session.backend({ stateless: descriptor.run === "tool" });
    try {
      const page = (await transport.call("connections.list", { limit: 500 }, {})) as {
        readonly items: readonly { readonly id: string }[];
      };
      return page.items.map((one) => one.id);
    } catch (error) {
      // A key with few rights: then the prefix is taken as it is typed.
      if (isBotyardError(error) && error.code === "forbidden") return null;
      throw error;
    }
  }
  return {
    io,
    connection: args.strings.get("connection")?.[0] ?? null,
    usualConnection: io.env["BOTYARD_CONNECTION"] || null,
    connections: () => (known ??= ask()),
    options: (connection) => connectionSchema(session, connection, descriptor.name),
    askSecret: async (title) => (io.interactive ? io.askSecret(`${title} (hidden): `) : null),
  };
}
