/** Half of a character that is written in two: no text in UTF-8 holds one. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Whether a parsed body holds half a character, which Lago answers with an empty 400. Only an escape can say
 * one, so that a body without escapes costs one search.
 */
export function holdsLoneSurrogate(body: string, parsed: unknown): boolean {
  return body.includes('\\u') && someText(parsed, (text) => LONE_SURROGATE.test(text));
}

/** True where a key or a string of a value, however deep, passes the test. */
export function someText(value: unknown, test: (text: string) => boolean): boolean {
  if (typeof value === 'string') return test(value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => someText(item, test));
  return Object.entries(value).some(([key, item]) => test(key) || someText(item, test));
}
