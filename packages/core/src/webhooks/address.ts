import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import { BotyardError } from "@botyard/sdk";

/** `never`: metadata services, link-local, multicast, reserved. `private`: this machine and networks behind a router. */
export type Reach = "public" | "private" | "never";

/** All addresses of a name. For tests: another one. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export const lookupAll: Lookup = async (host) =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

type Block = readonly [prefix: readonly number[], bits: number];

const v4 = (text: string): readonly number[] => text.split(".").map(Number);
const blocks4: Readonly<Record<Exclude<Reach, "public">, readonly Block[]>> = {
  never: (
    [
      ["0.0.0.0", 8],
      ["169.254.0.0", 16],
      // Metadata and machine services of clouds that are not link-local.
      ["100.100.100.200", 32],
      ["168.63.129.16", 32],
      ["192.0.0.192", 32],
      ["224.0.0.0", 4],
      ["240.0.0.0", 4],
    ] as const
  ).map(([text, bits]) => [v4(text), bits]),
  private: (
    [
      ["127.0.0.0", 8],
      ["10.0.0.0", 8],
      ["172.16.0.0", 12],
      ["192.168.0.0", 16],
      ["100.64.0.0", 10],
      ["192.0.0.0", 24],
      ["198.18.0.0", 15],
    ] as const
  ).map(([text, bits]) => [v4(text), bits]),
};

function within(bytes: readonly number[], [prefix, bits]: Block): boolean {
  for (let at = 0; at * 8 < bits; at += 1) {
    const left = Math.min(8, bits - at * 8);
    const mask = (0xff << (8 - left)) & 0xff;
    if (((bytes[at] ?? 0) & mask) !== ((prefix[at] ?? 0) & mask)) return false;
  }
  return true;
}

/** The 16 bytes of an IPv6 address, with or without an embedded IPv4 one; a zone is dropped. */
function bytes6(text: string): number[] {
  let plain = text.split("%")[0] ?? "";
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(plain);
  if (dotted) {
    const [a = 0, b = 0, c = 0, d = 0] = v4(dotted[2] ?? "");
    plain = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = "", tail] = plain.split("::");
  const groups = (part: string | undefined): string[] => (part ? part.split(":") : []);
  const front = groups(head);
  const back = groups(tail);
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array.from({ length: zeros }, () => "0"), ...back].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function reach4(bytes: readonly number[]): Reach {
  if (blocks4.never.some((block) => within(bytes, block))) return "never";
  return blocks4.private.some((block) => within(bytes, block)) ? "private" : "public";
}

/** What kind of network an IP address is in. An IPv4 address inside an IPv6 one counts as the IPv4 address. */
export function reachOf(address: string): Reach {
  if (isIP(address) === 4) return reach4(v4(address));
  if (isIP(address) !== 6) return "never";
  const bytes = bytes6(address);
  const zeros = (count: number): boolean => bytes.slice(0, count).every((byte) => byte === 0);
  if (zeros(15) && bytes[15] === 1) return "private";
  // ::ffff:a.b.c.d, 64:ff9b::a.b.c.d and 2002:aabb:ccdd:: lead to IPv4 addresses.
  if (zeros(10) && bytes[10] === 0xff && bytes[11] === 0xff) return reach4(bytes.slice(12));
  if (within(bytes, [[0x00, 0x64, 0xff, 0x9b], 96])) return reach4(bytes.slice(12));
  if (within(bytes, [[0x20, 0x02], 16])) return reach4(bytes.slice(2, 6));
  if (zeros(12)) return "never";
  if (within(bytes, [[0xfe, 0x80], 10]) || bytes[0] === 0xff) return "never";
  if (address.toLowerCase().startsWith("fd00:ec2:")) return "never";
  return within(bytes, [[0xfc], 7]) ? "private" : "public";
}

/** Without the brackets of an IPv6 address. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");

/**
 * The one address a delivery connects to: the name is resolved here and nowhere else, so that it cannot mean another
 * machine a moment later. Throws `forbidden` where none may be reached, `unreachable` where the name is unknown.
 */
export async function resolveEndpoint(url: URL, privateNetwork: boolean, lookup: Lookup): Promise<string> {
  const host = hostOf(url);
  return allowedOf(url, privateNetwork, isIP(host) > 0 ? [host] : await named(host, lookup));
}

/** The first of them that may be reached; throws `forbidden` where none may. */
export function allowedOf(url: URL, privateNetwork: boolean, addresses: readonly string[]): string {
  const allowed = addresses.find((address) => {
    const reach = reachOf(address);
    if (reach === "never") return false;
    if (reach === "private") return privateNetwork;
    return url.protocol === "https:";
  });
  if (allowed !== undefined) return allowed;
  const reaches = addresses.map(reachOf);
  if (reaches.includes("public"))
    throw new BotyardError("forbidden", `${url.host} is not on this machine or in a private network: use https there`);
  throw new BotyardError(
    "forbidden",
    reaches.includes("private")
      ? `${url.host} is on this machine or in a private network; this webhook may not go there`
      : `${url.host} leads to an address webhooks never go to (link-local, metadata, reserved)`,
    reaches.includes("private") ? { fix: "make the webhook with the admin key, or grant webhooks.private" } : {},
  );
}

async function named(host: string, lookup: Lookup): Promise<readonly string[]> {
  try {
    return await lookup(host);
  } catch (error) {
    throw new BotyardError("unreachable", `the name ${host} cannot be resolved`, { cause: error });
  }
}
