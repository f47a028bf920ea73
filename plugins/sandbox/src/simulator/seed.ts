import type { Model } from "./model.ts";
import { addRoom } from "./rooms.ts";
import { addUser } from "./users.ts";

export interface Seed {
  /** `alice`: id and name. */
  readonly users: readonly string[];
  /** `lobby`, or `eng:ops` for a channel of the space `eng`. */
  readonly rooms: readonly string[];
  readonly closedHistory: readonly string[];
}

/** Ids of what is seeded are made of the names, so that they are the same in the next process. */
export function seed(model: Model, { users, rooms, closedHistory }: Seed): void {
  for (const name of users) addUser(model, name);
  for (const slug of rooms) {
    const [space] = slug.includes(":") ? slug.split(":") : [];
    if (space !== undefined && !model.rooms.has(idOf(space))) {
      addRoom(model, { id: idOf(space), type: "space", slug: space, title: title(space), open: true });
    }
    addRoom(model, {
      id: idOf(slug),
      type: "channel",
      slug,
      title: title(slug.split(":").at(-1) ?? slug),
      space: space === undefined ? null : idOf(space),
      open: true,
      closedHistory: closedHistory.includes(slug),
    });
  }
}

function idOf(slug: string): string {
  return `r_${slug.replaceAll(":", "_")}`;
}

function title(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
