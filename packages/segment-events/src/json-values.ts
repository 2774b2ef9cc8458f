const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING_BRACKET = 0x5b;
const OPENING_BRACE = 0x7b;

/**
 * Whether JSON holds more keys and values than `most`, found in one pass and without parsing it: 50 MB of brackets are
 * 13 seconds and 1.5 GB to JSON.parse, and 50 KB of gzip to whoever sends them (measured).
 *
 * Every value is counted by the comma or the bracket before it, every key by its colon (a million keys of one
 * object are a second); an empty object or list counts twice. What is not JSON is counted in the same way and
 * means nothing more.
 */
export function holdsMoreValuesThan(most: number, json: Uint8Array): boolean {
  // Each takes a byte at least: nearly every body is told apart by its size.
  if (json.length <= most) return false;
  const end = json.length;
  let values = 0;
  for (let at = 0; at < end; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = endOfText(json, at + 1);
    } else if (byte === COMMA || byte === COLON || byte === OPENING_BRACKET || byte === OPENING_BRACE) {
      values++;
      if (values > most) return true;
    }
  }
  return false;
}

/** So much of a text is looked at byte by byte, before the runtime looks through it, 20 times as fast (measured). */
const SHORT_TEXT = 64;

/** Where the quote stands that ends a text; the end of the JSON where none does. @param from the first byte of the text */
function endOfText(json: Uint8Array, from: number): number {
  const end = json.length;
  let at = from;
  while (at < end) {
    const near = Math.min(at + SHORT_TEXT, end);
    for (; at < near; at++) {
      if (json[at] === QUOTE) return at;
      if (json[at] === BACKSLASH) at++;
    }
    const quote = json.indexOf(QUOTE, at);
    if (quote === -1) return end;
    let backslashes = 0;
    while (quote - backslashes > at && json[quote - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
  return end;
}
