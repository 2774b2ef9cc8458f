import { isSameDecimal } from '@meterbridge/segment-events';

/*
 * Numbers as they are written, which a double may not hold: 12345678901234567891 is another number than
 * 12345678901234567890, and to JSON.parse they are one.
 */

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[\d.]*(?:[eE][+-]?\d+)?/g;
/** A double holds every decimal of so many digits well enough to write it again. */
const SAFE_CHARACTERS = 15;

/** JSON as `JSON.parse` reads it, but for numbers that a double cannot hold: those stay as they are written, strings. */
export function parseExactly(json: string): unknown {
  const exact = json.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || (token.length <= SAFE_CHARACTERS && !/e/i.test(token))) return token;
    return isSameDecimal(token, String(Number(token))) ? token : `"${token}"`;
  });
  return JSON.parse(exact);
}
