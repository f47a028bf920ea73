import { BotyardError } from "@botyard/sdk";

const reserved = new Set(["admin", "revolt", "stoat"]);
const blocked = [
  "```",
  "discord.gg",
  "rvlt.gg",
  "guilded.gg",
  "stt.gg",
  "revolt.chat",
  "stoat.chat",
  "http://",
  "https://",
];
const encoder = new TextEncoder();

/** Throws `invalid` for a name every server refuses. What it makes of a name it takes is read back. */
export function checkName(name: string): void {
  const length = [...name].length;
  const expected =
    length < 2 || length > 32
      ? "2 to 32 characters"
      : !/^[\p{L}\p{Nd}_.-]+$/u.test(name)
        ? "letters of any script, digits, _ . -"
        : reserved.has(name.toLowerCase())
          ? "letters that make no reserved name: admin, revolt, stoat"
          : blocked.some((pattern) => name.toLowerCase().includes(pattern))
            ? "letters that make no address"
            : undefined;
  if (expected === undefined) return;
  throw new BotyardError("invalid", `Stoat takes names of ${expected}.`, { issues: [{ path: "username", expected }] });
}

export function checkLength(path: string, text: string | null | undefined, min: number, max: number): void {
  if (text === null || text === undefined) return;
  const length = [...text].length;
  if (length >= min && length <= max) return;
  const expected = `${min} to ${max} characters`;
  throw new BotyardError(
    length > max ? "too_large" : "invalid",
    `"${path}" has ${length} characters; Stoat takes ${expected}.`,
    {
      issues: [{ path, expected }],
    },
  );
}

export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** By name: Stoat's permissions and their bits. @see https://developers.stoat.chat/developers/api/permissions.html */
export const permissionBits = {
  ManageChannel: 0,
  ManageServer: 1,
  ManagePermissions: 2,
  ManageRole: 3,
  ManageCustomisation: 4,
  KickMembers: 6,
  BanMembers: 7,
  TimeoutMembers: 8,
  AssignRoles: 9,
  ChangeNickname: 10,
  ManageNicknames: 11,
  ChangeAvatar: 12,
  RemoveAvatars: 13,
  ViewChannel: 20,
  ReadMessageHistory: 21,
  SendMessage: 22,
  ManageMessages: 23,
  ManageWebhooks: 24,
  InviteOthers: 25,
  SendEmbeds: 26,
  UploadFiles: 27,
  Masquerade: 28,
  React: 29,
  Connect: 30,
  Speak: 31,
  Video: 32,
  MuteMembers: 33,
  DeafenMembers: 34,
  MoveMembers: 35,
  Listen: 36,
  MentionEveryone: 37,
  MentionRoles: 38,
  BypassSlowmode: 39,
  ViewAuditLogs: 40,
} as const;
export type PermissionName = keyof typeof permissionBits;

/** Names as one number. No `|`: it cuts at 32 bits. */
export function bitsOf(names: readonly PermissionName[]): number {
  return Number([...new Set(names)].reduce((sum, name) => sum + (1n << BigInt(permissionBits[name])), 0n));
}

export function namesOf(bits: number): PermissionName[] {
  const value = BigInt(Math.max(0, Math.floor(bits)));
  return (Object.keys(permissionBits) as PermissionName[]).filter(
    (name) => (value >> BigInt(permissionBits[name])) % 2n === 1n,
  );
}
