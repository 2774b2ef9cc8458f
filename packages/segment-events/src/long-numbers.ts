const DIGITS_AT_RISK = 16;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Whether a run of 16 digits stands anywhere in the text, the shortest an unsafe integer can be. Every
 * run of 16 crosses an index that 16 divides, so one character in 16 is looked at.
 */
export function hasLongDigitRun(text: string): boolean {
  for (let at = 0; at < text.length; at += DIGITS_AT_RISK) {
    if (!isDigit(text, at)) continue;
    let first = at;
    let last = at;
    while (isDigit(text, first - 1)) first--;
    while (isDigit(text, last + 1)) last++;
    if (last - first + 1 >= DIGITS_AT_RISK) return true;
  }
  return false;
}

/**
 * Puts every number beyond 2^53 that is written out in digits between quotes, so that it arrives as a
 * string with all of them instead of as a rounded number. Numbers with an exponent are left: they were
 * written from a double and read back as the same one.
 * @param json Text that JSON.parse has accepted; with any other the result means nothing.
 */
export function quoteUnsafeNumbers(json: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < json.length) {
    const quote = json.indexOf('"', at);
    const until = quote === -1 ? json.length : quote;
    parts.push(json.slice(at, until).replace(NUMBER, quoteIfUnsafe));
    if (quote === -1) break;
    at = endOfString(json, quote);
    parts.push(json.slice(quote, at));
  }
  return parts.join('');
}

function quoteIfUnsafe(number: string): string {
  const isExact = /[eE]/.test(number) || Math.abs(Number(number)) <= Number.MAX_SAFE_INTEGER;
  return isExact ? number : `"${number}"`;
}

/** The index behind a string's closing quote: the first with an even number of backslashes before it. */
function endOfString(json: string, openingQuote: number): number {
  for (let quote = json.indexOf('"', openingQuote + 1); ; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}
