import { MAX_EVENT_DEPTH } from './event-size.js';
import { isJsonObject } from './segment-event.js';

/**
 * What a dead letter may keep of an event that was refused: all of it but the write key, a secret, and
 * what is nested so deep that writing it as JSON would overflow the stack. Run the source's privacy on
 * the result, not before.
 */
export function toStorable(refused: unknown): unknown {
  const storable = cutNesting(refused, 1);
  if (isJsonObject(storable)) delete storable.writeKey;
  return storable;
}

function cutNesting(value: unknown, depth: number): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_EVENT_DEPTH) return '[nested too deep]';
  if (Array.isArray(value)) return value.map((item) => cutNesting(item, depth + 1));
  const fields = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(fields.map(([key, field]) => [key, cutNesting(field, depth + 1)]));
}
