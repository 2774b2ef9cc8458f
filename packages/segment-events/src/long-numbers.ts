import { isSameDecimal, withoutExponent } from './decimal.js';

/** A double holds every decimal of fewer digits. */
const DIGITS_AT_RISK = 16;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Below 1e-307 doubles run out of digits, and then become zero. */
const TINY = /[eE]-\d{3}/;

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const POINT = 46;

/** Whether a number may stand in the text that a double cannot hold. Cheap; a maybe costs a closer look. */
export function mayHoldInexactNumber(text: string): boolean {
  return hasLongRun(text) || hasTinyExponent(text);
}

/**
 * Whether 16 digits stand in a row, a point among them or not: the shortest number at risk. Every run of 16
 * crosses an index that 16 divides, so one character in 16 is looked at.
 */
function hasLongRun(text: string): boolean {
  for (let at = 0; at < text.length; at += DIGITS_AT_RISK) {
    if (!isDigitOrPoint(text, at)) continue;
    let first = at;
    let last = at;
    while (isDigitOrPoint(text, first - 1)) first--;
    while (isDigitOrPoint(text, last + 1)) last++;
    if (last - first + 1 >= DIGITS_AT_RISK) return true;
  }
  return false;
}

/** Whether an exponent of three digits stands behind a digit, as in 1e-400. UUIDs have such places, too. */
function hasTinyExponent(text: string): boolean {
  for (let at = text.indexOf('-'); at !== -1; at = text.indexOf('-', at + 1)) {
    const letter = text.charCodeAt(at - 1) | 0x20;
    if (letter !== 0x65 || !isDigitOrPoint(text, at - 2) || !isDigit(text, at + 1)) continue;
    if (isDigit(text, at + 2) && isDigit(text, at + 3) && beginsAsNumber(text, at - 2)) return true;
  }
  return false;
}

/** Whether the digits that end at `last` stand where JSON has a number, and not within a text. */
function beginsAsNumber(text: string, last: number): boolean {
  let before = last;
  while (isDigitOrPoint(text, before)) before--;
  if (text[before] === '-') before--;
  return before < 0 || ':,[\n\r\t '.includes(text.charAt(before));
}

/**
 * Puts every number that a double cannot hold between quotes, so that it arrives as text with the digits that
 * were sent, without an exponent. One too large for any double is left, and read as Infinity.
 * @param json Text that JSON.parse has accepted; with any other the result means nothing.
 */
export function quoteInexactNumbers(json: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < json.length) {
    const quote = json.indexOf('"', at);
    const until = quote === -1 ? json.length : quote;
    parts.push(json.slice(at, until).replace(NUMBER, quoteIfInexact));
    if (quote === -1) break;
    at = endOfString(json, quote);
    parts.push(json.slice(quote, at));
  }
  return parts.join('');
}

function quoteIfInexact(number: string): string {
  if (number.length < DIGITS_AT_RISK && !TINY.test(number)) return number;
  const value = Number(number);
  if (!Number.isFinite(value)) return number;
  // One with an exponent was written from a double, and is read back as the same one.
  const isBeyondIntegers = Math.abs(value) > Number.MAX_SAFE_INTEGER && !/[eE]/.test(number);
  if (!isBeyondIntegers && isSameDecimal(number, String(value))) return number;
  return `"${withoutExponent(number)}"`;
}

/** The index behind a string's closing quote: the first with an even number of backslashes before it. */
export function endOfString(json: string, openingQuote: number): number {
  for (let quote = json.indexOf('"', openingQuote + 1); ; quote = json.indexOf('"', quote + 1)) {
    if (quote === -1) return json.length;
    let backslashes = 0;
    while (json[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= DIGIT_0 && code <= DIGIT_9;
}

function isDigitOrPoint(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return (code >= DIGIT_0 && code <= DIGIT_9) || code === POINT;
}
