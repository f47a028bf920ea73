/** A path below the site whose values are percent-encoded: ``path`/posts/${id}/pin` ``. */
export function path(fixed: TemplateStringsArray, ...parts: readonly string[]): string {
  return fixed.reduce(
    (all, text, at) => all + text + (at < parts.length ? encodeURIComponent(parts[at] ?? "") : ""),
    "",
  );
}
