/**
 * Version of the contract between core and plugins: a whole number, raised when what a plugin is made of changes in a way
 * that older code does not survive. Members that are added do not raise it: both sides ignore those they do not know.
 */
export const contractVersion = 1;

const range = /^\d+(?: \|\| \d+)*$/;

/** Whether this side runs plugins made for the range: `1`, `1 || 2`. What is no range is accepted by nobody. */
export function acceptsContract(made: string): boolean {
  return range.test(made) && made.split(" || ").includes(String(contractVersion));
}

/**
 * Why a plugin made for `made` does not run here, with what would help; null where it does.
 *
 * @example
 * contractRefusal("zulip 2.0.0", "2")
 * // "zulip 2.0.0 is made for contract 2, this Botyard has contract 1: update Botyard, or install a version of the plugin made for contract 1"
 */
export function contractRefusal(plugin: string, made: string): string | null {
  if (acceptsContract(made)) return null;
  const here = `this Botyard has contract ${contractVersion}`;
  if (!range.test(made)) return `${plugin} does not say which contract it is made for ("1"); ${here}`;
  const newer = made.split(" || ").some((version) => Number(version) > contractVersion);
  const way = newer
    ? `update Botyard, or install a version of the plugin made for contract ${contractVersion}`
    : `install a newer version of the plugin, made for contract ${contractVersion}`;
  return `${plugin} is made for contract ${made}, ${here}: ${way}`;
}
