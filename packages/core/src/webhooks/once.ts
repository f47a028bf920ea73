import type { Event } from "@botyard/sdk";

// What is the same for many deliveries, made once.

// Every webhook sends the same event as the same text; they come to it at about the same time.
const texts = new WeakMap<Event, string>();

export function textOf(event: Event): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = JSON.stringify(event);
  texts.set(event, text);
  return text;
}

/** A time as text; many deliveries end in the same millisecond. */
export function createStamp(): (ms: number) => string {
  let last = { ms: 0, text: "" };
  return (ms) => {
    if (ms !== last.ms) last = { ms, text: new Date(ms).toISOString() };
    return last.text;
  };
}
