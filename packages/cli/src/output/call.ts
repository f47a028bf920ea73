/** A line written as `botyard …`, as this program is called here: it has to work when pasted. */
export function asTyped(text: string, self: string): string {
  return text.replace(/^botyard(?= )/, () => self);
}
