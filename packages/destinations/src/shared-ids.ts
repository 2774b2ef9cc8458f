import { eventsTakenBy, mayOverlap } from '@meterbridge/usage-mapping';
import { billingAccounts } from './billing-accounts.js';
import type { DestinationType } from './descriptions.js';
import { type DestinationSettings, kindOf } from './kinds.js';

/** A rule by where it stands in the configuration; indexes from 0. */
export type RulePlace = {
  destination: string;
  rule: string;
  at: { destination: number; rule: number };
};

/**
 * Two rules of one billing account that may take one event and would give it one id there: the API keeps one of two.
 * Or they give one id to events of two customers. In the order of the file.
 */
export type SharedIds = {
  type: DestinationType;
  earlier: RulePlace;
  later: RulePlace;
  ofCustomers: boolean;
};

/** Every such pair, over all destinations. Pure. That no event is taken by both has to be proven: `mayOverlap`. */
export function findSharedIds(destinations: readonly DestinationSettings[]): SharedIds[] {
  const accounts = billingAccounts(destinations);
  const all = destinations.flatMap(({ name, type, rules }, destination) =>
    rules.map((rule, index) => ({
      place: { destination: name, rule: rule.name, at: { destination, rule: index } },
      account: accounts.get(name),
      type,
      rule,
      taken: eventsTakenBy(rule),
    })),
  );
  return all.flatMap((later, index) =>
    all.slice(0, index).flatMap((earlier): SharedIds[] => {
      if (earlier.account !== later.account) return [];
      const shared = kindOf(later.type).identity.shared(earlier.rule, later.rule);
      if (!shared) return [];
      const { where, ofCustomers = false } = shared;
      if (!ofCustomers && !mayOverlap(earlier.taken, later.taken, where)) return [];
      return [{ type: later.type, earlier: earlier.place, later: later.place, ofCustomers }];
    }),
  );
}

/**
 * What such a rule does, in words, and what to write in it.
 * @param toChange one of the two
 */
export function describeSharedIds(
  { type, earlier, later, ofCustomers }: SharedIds,
  toChange: RulePlace,
): string {
  const other = toChange === later ? earlier : later;
  const { name, remedy } = kindOf(type).identity;
  const whose =
    other.destination === toChange.destination ? '' : ` of ${other.destination}, on one URL and key,`;
  if (ofCustomers) {
    return `may give a record of another customer the ${name} that one of rule ${other.rule}${whose} has: the API would take one customer's usage for another's. Write ${remedy(toChange.rule)} here`;
  }
  return `may take the same event as rule ${other.rule}${whose} under one ${name}: the API would keep only one of the two. Write ${remedy(toChange.rule)} here, or filters that exclude each other`;
}
