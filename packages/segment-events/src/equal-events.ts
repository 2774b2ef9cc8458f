import { hashedIdOf } from './freeze-event.js';
import { isJsonObject } from './segment-event.js';

/**
 * Gives the second and each later one of equal events without an id an id of its own: the hash of its content and
 * its place among them. Events of one request cannot be each other's retry; and where the same request is sent
 * again, each has the same id again. The first keeps the hash alone, which it would have in a request of its own.
 * @returns what tells the events of one request apart, given one after the other
 */
export function createTwinFinder(): (event: unknown) => unknown {
  const seen = new Map<string, number>();
  return (event) => {
    const id = isWithoutId(event) ? hashedIdOf(event) : null;
    if (id === null) return event;
    const place = (seen.get(id) ?? 0) + 1;
    seen.set(id, place);
    return place === 1 ? event : { ...(event as object), messageId: `${id}-${place}` };
  };
}

function isWithoutId(event: unknown): boolean {
  return isJsonObject(event) && (event.messageId ?? '') === '';
}
