import type { DestinationSettings } from './kinds.js';
import { readVersion } from './rules-version.js';
import { identityOf } from './shared-ids.js';

type Rules = Pick<DestinationSettings, 'type' | 'rules'>;

/** By a rule's name: every way in which it has made ids, as `RuleIdentity.of` has it. */
export type FormerIds = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * How a destination's rules made their ids so far. Pure.
 * @param versions texts of `rulesVersion`, in any order; one that cannot be read is passed over
 */
export function formerIds(type: DestinationSettings['type'], versions: Iterable<string>): FormerIds {
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
      const id = identityOf(type).of(rule);
      return [...(former.get(rule.name) ?? [])].some((before) => before !== id);
    })
    .map(({ name }) => name);
}

/** What the API calls the ids of a type of destination. */
export function idName(type: DestinationSettings['type']): string {
  return identityOf(type).name;
}

function idsOfVersion(type: DestinationSettings['type'], text: string): [string, string][] {
  try {
    const kept = readVersion(text);
    // Another API knows nothing of these ids.
    if (kept.type !== type) return [];
    return (kept.rules as DestinationSettings['rules']).map((rule) => [rule.name, identityOf(type).of(rule)]);
  } catch {
    return [];
  }
}
