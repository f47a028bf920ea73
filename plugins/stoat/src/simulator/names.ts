import { Refusal, failed } from "./refusal.ts";
import type { World } from "./model.ts";

/** Look-alikes as recorded: the server replaces many more. */
const lookAlikes: Readonly<Record<string, string>> = {
  о: "o",
  а: "a",
  е: "e",
  Ｂ: "b",
  ｏ: "o",
  ｔ: "t",
  ボ: "t",
  ト: "r",
};

const reserved = new Set(["admin", "revolt", "stoat"]);
const blocked = /```|discord\.gg|rvlt\.gg|guilded\.gg|stt\.gg|revolt\.chat|stoat\.chat|https?:\/\//i;

export function checkFormOfName(field: string, name: string): void {
  const { length } = [...name];
  if (length < 2 || length > 32 || !/^[\p{L}\p{Nd}_.-]+$/u.test(name)) throw failed(field);
}

/** What the server makes of a name it takes. Throws `InvalidUsername`. */
export function rewriteName(name: string): string {
  if (reserved.has(name.toLowerCase()) || blocked.test(name)) throw new Refusal(400, "InvalidUsername");
  return [...name].map((char) => lookAlikes[char] ?? char).join("");
}

/** Kept where it is free; else the next that is. */
export function discriminatorFor(world: World, username: string, wanted?: string, own?: string): string {
  const taken = new Set(
    [...world.users.values()]
      .filter((user) => user._id !== own && user.username.toLowerCase() === username.toLowerCase())
      .map(({ discriminator }) => discriminator),
  );
  if (wanted !== undefined && !taken.has(wanted)) return wanted;
  for (let number = (world.users.size * 1543) % 9998; ; number++) {
    const text = String((number % 9998) + 1).padStart(4, "0");
    if (!taken.has(text)) return text;
  }
}
