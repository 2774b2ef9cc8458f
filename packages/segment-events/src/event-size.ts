import type { Rejection } from './rejection.js';
import { isJsonObject } from './segment-event.js';

/** Nesting beyond this is no usage: Segment's own calls need five levels. */
export const MAX_EVENT_DEPTH = 32;

/** An empty object is two bytes of JSON and 56 of memory. */
const LEAST_VALUE_BYTES = 16;

/** A UTF-16 unit is at least one byte, and at most the six of `\u0000`. */
const MOST_OF_A_UNIT = 6;
/** Control characters that JSON has no shorter escape for than `\u0000`. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
const LONG_ESCAPES = /[\u0000-\u0007\u000b\u000e-\u001f]/;
/** Looking through a longer text costs a third of writing it as JSON. */
const SHORT_TEXT = 100;

/** JSON's size in UTF-8, from below and from above, without writing it out. */
type SizeBounds = { least: number; most: number };

/**
 * Whether an event is small, shallow and plain enough to be stored: at most `maxBytes` of JSON,
 * `MAX_EVENT_DEPTH` levels, and nothing JSON would write as something else (1e400 is read as Infinity
 * and written as null). Costs no serialisation unless the event comes near the limit.
 */
export function checkSize(event: unknown, maxBytes: number): Rejection | null {
  // Nearly every event's: what is larger, or refused, is looked at again.
  if (mostBytes(event, 1, maxBytes) <= maxBytes) return null;
  const bounds = { least: 0, most: 0 };
  const rejection = visit(event, 1, bounds, maxBytes);
  if (rejection || bounds.most <= maxBytes) return rejection;
  return Buffer.byteLength(JSON.stringify(event)) > maxBytes ? tooLarge(maxBytes) : null;
}

/**
 * The bound from above alone, in a third of the time that both take. A list is left once more than `enough` is found, as a
 * field never is: a look at that after each costs as much as the rest. Not a number where something is nested too deep, or
 * is nothing that JSON can hold.
 */
function mostBytes(value: unknown, depth: number, enough: number): number {
  if (typeof value === 'string') return value.length * MOST_OF_A_UNIT + 2;
  if (typeof value === 'number') return Number.isFinite(value) ? 25 : Number.NaN;
  if (typeof value === 'boolean' || value === null || value === undefined) return 5;
  if (typeof value !== 'object' || depth > MAX_EVENT_DEPTH) return Number.NaN;
  let most = 2;
  if (Array.isArray(value)) {
    for (const item of value) {
      most += mostBytes(item, depth + 1, enough) + 1;
      if (most > enough) break;
    }
    return most;
  }
  for (const key in value) {
    const field = (value as Record<string, unknown>)[key];
    most += key.length * MOST_OF_A_UNIT + 4 + mostBytes(field, depth + 1, enough);
  }
  return most;
}

/**
 * What JSON takes at least, as text and once it is read: the characters, and a few bytes for each value. Of any
 * depth; stops soon after `most` is passed.
 */
export function leastBytes(json: unknown, most: number): number {
  let bytes = 0;
  const waiting: unknown[] = [json];
  while (waiting.length > 0 && bytes <= most) {
    const value = waiting.pop();
    bytes += LEAST_VALUE_BYTES;
    if (typeof value === 'string') bytes += value.length;
    else if (Array.isArray(value)) for (const item of value) waiting.push(item);
    else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        bytes += key.length;
        waiting.push(value[key]);
      }
    }
  }
  return bytes;
}

function visit(value: unknown, depth: number, bounds: SizeBounds, maxBytes: number): Rejection | null {
  if (bounds.least > maxBytes) return tooLarge(maxBytes);
  if (typeof value === 'string') return addText(value, bounds);
  if (typeof value === 'boolean' || value === null || value === undefined) return add(4, 5, bounds);
  if (typeof value === 'number' && Number.isFinite(value)) return add(1, 25, bounds);
  if (typeof value !== 'object') {
    return { reason: 'invalid_field', detail: `a ${typeof value} that JSON cannot hold` };
  }
  if (depth > MAX_EVENT_DEPTH) {
    return { reason: 'too_deep', detail: `nested deeper than ${MAX_EVENT_DEPTH} levels` };
  }
  // One less than there is, since the first item below has no comma.
  add(1, 2, bounds);
  if (Array.isArray(value)) {
    for (const item of value) {
      add(1, 1, bounds);
      const rejection = visit(item, depth + 1, bounds, maxBytes);
      if (rejection) return rejection;
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    add(2, 2, bounds);
    addText(key, bounds);
    const rejection = visit((value as Record<string, unknown>)[key], depth + 1, bounds, maxBytes);
    if (rejection) return rejection;
  }
  return null;
}

function add(least: number, most: number, bounds: SizeBounds): null {
  bounds.least += least;
  bounds.most += most;
  return null;
}

function addText(text: string, bounds: SizeBounds): null {
  const isPlain = text.length > SHORT_TEXT && !LONG_ESCAPES.test(text) && text.isWellFormed();
  return add(text.length + 2, text.length * (isPlain ? 3 : MOST_OF_A_UNIT) + 2, bounds);
}

function tooLarge(maxBytes: number): Rejection {
  return { reason: 'too_large', detail: `more than ${maxBytes} bytes of JSON` };
}
