import type { DestinationSettings } from '@meterbridge/destinations';
import { readPath } from '@meterbridge/segment-events';
import { compileValue, type ReadValue, type ValueRule } from '@meterbridge/usage-mapping';
import { destinationOf, eventOf, isDelivery, type LetterEntry } from './letter.js';

/** Who would be billed for a dead letter; undefined where nothing in the event says it. */
export type CustomerOf = (entry: LetterEntry) => string | undefined;

const FALLBACK = [['context', 'groupId'], ['groupId'], ['userId']];

/**
 * Reads a letter's customer: what its rule reads now as Lago's subscription (or whose it looks up) or
 * Hyperline's customer, as it is sent, masked or hashed where the rule says so. Where the rule is gone or finds nothing, context.groupId,
 * groupId or userId.
 */
export function compileCustomerOf(destinations: readonly DestinationSettings[]): CustomerOf {
  const readers = new Map<string, ReadValue>();
  for (const settings of destinations) {
    for (const { name, owner } of ownersOf(settings)) {
      readers.set(`${settings.name}/${name}`, compileValue(owner, { required: false }));
    }
  }
  return (entry) => {
    const { letter } = entry;
    const event = eventOf(letter);
    const read = isDelivery(letter) && readers.get(`${destinationOf(entry)}/${letter.rule}`);
    const found = read ? read(letter.event) : undefined;
    return (
      textOf(found?.ok ? found.value : undefined) ??
      FALLBACK.map((path) => textOf(readPath(event, path))).find((text) => text !== undefined)
    );
  };
}

function ownersOf(settings: DestinationSettings): { name: string; owner: ValueRule }[] {
  if (settings.type !== 'lago')
    return settings.rules.map(({ name, customer }) => ({ name, owner: customer }));
  return settings.rules.map(({ name, subscription }) => {
    const isLookedUp = typeof subscription === 'object' && 'lookup' in subscription;
    return {
      name,
      owner: isLookedUp ? subscription.customer : subscription,
    };
  });
}

function textOf(value: unknown): string | undefined {
  const isName = (typeof value === 'string' && value.trim() !== '') || typeof value === 'number';
  return isName ? String(value) : undefined;
}
