// Segment's Spec asks for ISO 8601; its libraries send offsets (Python, Go), micro- and nanoseconds, and
// now and then no zone at all, which the Spec makes UTC.
const ISO_8601 =
  /^([12]\d{3})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/** Where `toISOString` puts what is no digit, as character codes by index; 0 stands for a digit. */
const IN_FULL = Uint8Array.from('0000-00-00T00:00:00.000Z', (character) =>
  character === '0' ? 0 : character.charCodeAt(0),
);
const DIGIT_0 = 48;

/**
 * Milliseconds since 1970 of an ISO 8601 text, whatever its offset; what is finer than a millisecond is
 * cut off. Null for anything else: a number may be seconds or milliseconds, and a guess would be billed.
 */
export function readTimestampMs(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  if (isInFull(value)) return readInFull(value);
  const match = ISO_8601.exec(value);
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match
    .slice(1, 7)
    .map((digits = '0') => Number(digits)) as Clock;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const offsetMinutes = readOffsetMinutes(match[8] ?? 'Z');
  if (offsetMinutes === null) return null;
  const milliseconds = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return Date.UTC(year, month - 1, day, hour, minute - offsetMinutes, second, milliseconds);
}

/** Whether a time that can be read is written as `toISOString` writes it, and so nearly every library. */
export function isInFull(text: string): boolean {
  if (text.length !== IN_FULL.length) return false;
  for (let at = 0; at < IN_FULL.length; at++) {
    const code = text.charCodeAt(at);
    const expected = IN_FULL[at]!;
    if (expected === 0 ? code < DIGIT_0 || code > DIGIT_0 + 9 : code !== expected) return false;
  }
  return text.charCodeAt(0) === DIGIT_0 + 1 || text.charCodeAt(0) === DIGIT_0 + 2;
}

/** Digit by digit: nearly every event has such a time, and parts and a `Date` cost four times as much (measured). */
function readInFull(text: string): number | null {
  const two = (at: number) => 10 * (text.charCodeAt(at) - DIGIT_0) + text.charCodeAt(at + 1) - DIGIT_0;
  const [year, month, day] = [100 * two(0) + two(2), two(5), two(8)];
  const [hour, minute, second] = [two(11), two(14), two(17)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  const milliseconds = 10 * two(20) + text.charCodeAt(22) - DIGIT_0;
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds);
}

type Clock = [year: number, month: number, day: number, hour: number, minute: number, second: number];

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function readOffsetMinutes(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(':', '') || 0);
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
