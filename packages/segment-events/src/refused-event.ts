import { MAX_EVENT_DEPTH } from './event-size.js';
import { OBJECT_FIELDS } from './freeze-event.js';
import type { Privacy } from './privacy.js';
import { isJsonObject } from './segment-event.js';
import { UnreadableEvent } from './unreadable-event.js';

/**
 * What a dead letter keeps of an event that was refused. Privacy goes by paths, and text has none: where a source
 * has such rules, what came as mere text is not kept, be it a whole event or, in JSON within JSON, what stands
 * where a path would go on.
 */
export function keepRefused(refused: unknown, applyPrivacy: Privacy | undefined): unknown {
  const storable = toStorable(refused);
  if (!applyPrivacy) return storable;
  const kept = withholdText(storable);
  if (isJsonObject(kept)) {
    for (const field of OBJECT_FIELDS) if (field in kept) kept[field] = withholdText(kept[field]);
  }
  return applyPrivacy(kept);
}

/** Text, and whatever a list holds beside objects, stands where no path can reach it. */
function withholdText(value: unknown): unknown {
  if (typeof value === 'string') return `[${value.length} characters withheld]`;
  return Array.isArray(value) ? value.filter(isJsonObject) : value;
}

/**
 * What may be stored of an event that was refused: all of it but the write key, a secret, and
 * what is nested so deep that writing it as JSON would overflow the stack. Run the source's privacy on
 * the result, not before.
 */
export function toStorable(refused: unknown): unknown {
  if (refused instanceof UnreadableEvent) return refused.text;
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
