import { isJsonObject } from './segment-event.js';

/**
 * Whether an event sent directly by a client is meant for a destination, by the rules of Segment's
 * `integrations` object: the first name it mentions decides, else `All`, else yes; only false is no, an
 * object of options is yes. `"Segment.io": false` means nowhere at all. Names are case-sensitive.
 *
 * Not for webhooks: Segment has routed those already, and a replay arrives with `All: false`.
 * @param names What the destination may be called, the preferred name first.
 */
export function isEnabled(integrations: unknown, names: readonly string[]): boolean {
  if (!isJsonObject(integrations)) return true;
  const read = (name: string) =>
    (Object.hasOwn(integrations, name) ? integrations[name] : undefined) ?? undefined;
  if (read('Segment.io') === false) return false;
  const mentioned = names.map(read).find((value) => value !== undefined);
  return (mentioned ?? read('All') ?? true) !== false;
}
