import { newerFormat } from '@meterbridge/delivery';
import type { DestinationType } from './descriptions.js';
import { type DestinationSettings, kindOf } from './kinds.js';
import { readVersion } from './rules-version.js';

type Rules = Pick<DestinationSettings, 'type' | 'rules'>;

/** By a rule's name: every way in which it has made ids, as `RuleIdentity.of` has it. */
export type FormerIds = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * How a destination's rules made their ids so far. Pure.
 * @param versions texts of `rulesVersion`, in any order; one that cannot be read is passed over
 */
export function formerIds(type: DestinationType, versions: Iterable<string>): FormerIds {
  const found = new Map<string, Set<string>>();
  for (const text of versions) {
    for (const [rule, id] of idsOfVersion(type, text)) {
      found.set(rule, (found.get(rule) ?? new Set()).add(id));
    }
  }
  return found;
}

/**
 * The rules that make other ids than they did: what was delivered under those, and is sent again, is another usage
 * event to the API, and billed twice.
 */
export function changedIds({ type, rules }: Rules, former: FormerIds): string[] {
  return rules
    .filter((rule) => {
      const id = kindOf(type).identity.of(rule);
      return [...(former.get(rule.name) ?? [])].some((before) => before !== id);
    })
    .map(({ name }) => name);
}

/** What the API calls the ids of a type of destination. */
export function idName(type: DestinationType): string {
  return kindOf(type).identity.name;
}

function idsOfVersion(type: DestinationType, text: string): [string, string][] {
  try {
    const kept = readVersion(text);
    // Another API knows nothing of these ids, nor does this program of a newer one's rules.
    if (kept.type !== type || newerFormat('rules', kept.format) !== undefined) return [];
    return kept.rules.map((rule) => [rule.name, kindOf(type).identity.of(rule)]);
  } catch {
    return [];
  }
}
