import { queueKeys } from '../keys/keys.js';

/*
 * What receivers saw of rules and names: hints for people, and no part of the books. A destination's rules lie in the
 * slot of its first shard, and each source has a slot of its own.
 */

/** Days for which a rule, a name or a path is remembered that is not seen again (`HISTORY_DAYS` of usage-mapping). */
export const KEPT_DAYS = 14;

export function ruleActivityKey(destination: string): string {
  return `${queueKeys(destination).prefix}:rule-activity`;
}

/** A source may be called as a destination is, which has no colon. */
export function sourceActivityKeys(source: string) {
  const prefix = `meterbridge:{source:${source}}`;
  return {
    names: `${prefix}:untaken-names`,
    seen: `${prefix}:untaken-names:seen`,
    taken: `${prefix}:taken-names`,
    paths: `${prefix}:paths`,
    samples: `${prefix}:samples`,
  };
}
