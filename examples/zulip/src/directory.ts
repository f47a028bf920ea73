import type { WireUser } from "./wire.ts";

export interface Names {
  user(id: number): Promise<WireUser | undefined>;
  /** By full name: in a mention without an id. */
  byName(name: string): Promise<WireUser | undefined>;
}

/** Who is who, from the list of users; read again when somebody is not in it. */
export interface Directory extends Names {
  /** From the list as it was read last: nobody is asked. */
  readonly known: Names;
  /** As it is now. */
  all(): Promise<readonly WireUser[]>;
}

/** Nobody is looked for more often than this. */
const againAfterMs = 10_000;

export function createDirectory(load: () => Promise<readonly WireUser[]>, now: () => number): Directory {
  let users: readonly WireUser[] = [];
  let at = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  const read = (): Promise<void> => {
    loading ??= load()
      .then((found) => {
        users = found;
        at = now();
      })
      .finally(() => (loading = undefined));
    return loading;
  };
  const find = async (fits: (user: WireUser) => boolean): Promise<WireUser | undefined> => {
    const found = users.find(fits);
    if (found || now() - at < againAfterMs) return found;
    await read();
    return users.find(fits);
  };
  return {
    user: (id) => find(({ user_id }) => user_id === id),
    byName: (name) => find(({ full_name }) => full_name === name),
    known: {
      user: async (id) => users.find(({ user_id }) => user_id === id),
      byName: async (name) => users.find(({ full_name }) => full_name === name),
    },
    async all() {
      await read();
      return users;
    },
  };
}
