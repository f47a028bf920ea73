const partsOf = (version: string): number[] =>
  version
    .split(/[.-]/)
    .slice(0, 3)
    .map((part) => Number.parseInt(part, 10) || 0);

/** Whether `21.1.0` is `21` or newer. An unknown version is not. */
export function atLeast(version: string | null, wanted: string): boolean {
  if (version === null) return false;
  const [have, want] = [partsOf(version), partsOf(wanted)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (have[at] ?? 0) - (want[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Whether `Like` and `Undo` name who reacted: fixed in 22.0.9 and 23.0.0. */
export function namesReactor(version: string | null): boolean {
  return atLeast(version, "23") || (atLeast(version, "22.0.9") && !atLeast(version, "23"));
}

/** Event and reaction features came with 21; an unknown server is taken for a newer one. */
export function hasReactions(version: string | null): boolean {
  return version === null || atLeast(version, "21");
}
