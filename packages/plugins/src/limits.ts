/** What a plugin's package may be at most. Far beyond an honest one, far below what hurts. */
export const limits = {
  /** Bytes of a tarball. */
  packed: 64 * 1024 * 1024,
  /** Bytes of everything in it. */
  unpacked: 256 * 1024 * 1024,
  /** Bytes that any tarball may unpack to; beyond them `ratio` holds. */
  small: 16 * 1024 * 1024,
  /** Unpacked to packed. Source code comes to about 5. */
  ratio: 100,
  files: 10_000,
  /** Characters of a path. */
  path: 400,
  /** Folders in one another. */
  depth: 32,
  /** Bytes of package.json. */
  manifest: 8 * 1024 * 1024,
  /** Bytes of what the registry says of a package. */
  packument: 64 * 1024 * 1024,
  /** Milliseconds until the registry must have begun to answer, and between two pieces of it. */
  waitMs: 20_000,
} as const;
