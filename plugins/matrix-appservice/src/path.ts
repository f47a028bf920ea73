/** Percent-encodes everything but unreserved characters: `/ : ! ? # ' ( ) *` and UTF-8 included. */
function encodePart(part: string): string {
  return encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A path whose values are encoded completely: ``path`/_matrix/client/v3/rooms/${room}/leave` ``. */
export function path(fixed: TemplateStringsArray, ...parts: readonly string[]): string {
  return fixed.reduce((all, text, at) => all + text + (at < parts.length ? encodePart(parts[at] ?? "") : ""), "");
}
