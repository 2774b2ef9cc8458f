import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import type { Destination, Held, HeldEvent, HeldLookup } from '@meterbridge/destinations';

/** A delivery that its API called a duplicate, and what was sent of it. */
export type Duplicate = { delivery: Pick<StoredDelivery, 'rule' | 'event'>; body: string };

/** What earlier versions of the rules made of an event, by the rule's name. */
export type EarlierRules = ReadonlyMap<string, Destination['map'][]>;

const NAMED_FIELDS = 10;
const PLAIN_NAME = /^[\w.$-]{1,60}$/;

/**
 * What becomes of a duplicate, given what the API holds in its place. Pure.
 * @param earlier asked for where they differ; null where that cannot be told
 */
export function judgeDuplicate(
  { delivery, body }: Duplicate,
  held: Held,
  compare: HeldLookup['compare'],
  earlier: EarlierRules | null,
): Outcome {
  switch (held.held) {
    case 'unknown':
      return { outcome: 'duplicate', found: 'not_compared' };
    case 'nothing':
      return { outcome: 'failed', code: 'deleted_there', detail: DELETED, usage: body };
    case 'event': {
      const fields = compare(body, held);
      if (fields.length === 0) return { outcome: 'duplicate' };
      if (!earlier) return { outcome: 'duplicate', found: 'not_compared' };
      if (isOfOlderRule(delivery, held, compare, earlier))
        return { outcome: 'duplicate', found: 'older_rule' };
      const detail = `the API holds another event under this id, and keeps that one; what differs: ${nameFields(fields)}`;
      return { outcome: 'failed', code: 'identity_collision', detail, usage: body, held: held.body };
    }
  }
}

const DELETED =
  'the API knows this id and holds no event under it: it was deleted there. Whatever is sent under the id again is called a duplicate; what is to be billed needs another one';

/** Whether the rule, as it once was, would have written of this very event what is there. */
function isOfOlderRule(
  { rule, event }: Duplicate['delivery'],
  held: HeldEvent,
  compare: HeldLookup['compare'],
  earlier: EarlierRules,
): boolean {
  return (earlier.get(rule) ?? []).some((map) => {
    const mapped = map(rule, event);
    if (!mapped.ok) return false;
    const { body } = mapped.usage ?? mapped.pending.complete(held.subscription);
    return compare(body, held).length === 0;
  });
}

/** Names that are not plain are quoted: a property may be called anything. */
function nameFields(fields: readonly string[]): string {
  const named = fields
    .slice(0, NAMED_FIELDS)
    .map((field) => (PLAIN_NAME.test(field) ? field : JSON.stringify(field.slice(0, 60))));
  const others = fields.length - named.length;
  return others > 0 ? `${named.join(', ')} and ${others} more` : named.join(', ');
}
