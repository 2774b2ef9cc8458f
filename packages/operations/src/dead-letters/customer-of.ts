import { type DestinationSettings, type DestinationType, kindOf } from '@meterbridge/destinations';
import { readPath } from '@meterbridge/segment-events';
import { compileValue, type ReadValue, type ValueRule } from '@meterbridge/usage-mapping';
import { fieldsOf, type Rule } from '../preview/rule-fields.js';
import { destinationOf, eventOf, isDelivery, type LetterEntry } from './letter.js';

/** The customer that a dead letter would bill; undefined where nothing in the event says it, or it cannot be read here. */
export type CustomerOf = (entry: LetterEntry) => string | undefined;

const FALLBACK = [['context', 'groupId'], ['groupId'], ['userId']];

/**
 * Reads a letter's customer: what its rule reads now of who is billed, or whose subscription is looked up, as it is sent,
 * masked or hashed where the rule says so. Where the rule is gone or finds nothing, context.groupId, groupId or userId.
 */
export function compileCustomerOf(
  destinations: readonly Pick<DestinationSettings, 'name' | 'type' | 'rules'>[],
): CustomerOf {
  const readers = new Map<string, ReadValue>();
  for (const settings of destinations) {
    for (const rule of settings.rules) {
      const who = readsWho(settings.type, rule);
      readers.set(`${settings.name}/${rule.name}`, compileValue(who, { required: false }));
    }
  }
  return (entry) => {
    if (entry.newer !== undefined) return undefined;
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

/** The rule's field that says who is billed, or whose subscription is looked up. */
function readsWho(type: DestinationType, rule: Rule): ValueRule {
  const { who } = kindOf(type).billed;
  return fieldsOf(type, rule).find(({ path }) => path[0] === who)!.rule;
}

function textOf(value: unknown): string | undefined {
  const isName = (typeof value === 'string' && value.trim() !== '') || typeof value === 'number';
  return isName ? String(value) : undefined;
}
