import type { Registry } from "../registry/registry.ts";
import type { Supervisor } from "../supervise/supervisor.ts";
import type { Connections } from "./control.ts";

/** The connections of a plugin, as the supervisor has them; both parts come to be after the table. */
export function connectionsFor(
  parts: () => {
    readonly registry: Pick<Registry, "list">;
    readonly supervisor: Pick<Supervisor, "open" | "close" | "live" | "report">;
  },
): Connections {
  return {
    of: (platform) =>
      parts()
        .registry.list("connection")
        .filter((record) => record.platform === platform)
        .map(({ id }) => id),
    open: (connection) => parts().supervisor.open(connection),
    close: (connection) => parts().supervisor.close(connection),
    broke(connection, report) {
      const { supervisor } = parts();
      const live = supervisor.live(connection);
      // Calls hear why from now on, and not of a line that is down.
      if (live) live.session = null;
      supervisor.report(connection, { kind: "connection" }, report);
    },
  };
}
