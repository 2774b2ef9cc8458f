import type { Redis } from 'ioredis';
import { KEPT_DAYS, ruleActivityKey, sourceActivityKeys } from './activity-keys.js';

/** What is kept of one rule, as `judgeRule` of usage-mapping reads it. */
export type RuleActivity = {
  days: { day: number; taken: number; longestGapMs: number }[];
  /** Epoch milliseconds; null where it is not known to have taken anything. */
  lastTakenAt: number | null;
};

/** A name of events that no rule takes. */
export type UntakenName = {
  name: string;
  /** Events of this name; at least so many, where rarer ones were forgotten meanwhile. */
  events: number;
  /** Epoch milliseconds. */
  lastAt: number;
};

export type UntakenNames = {
  /** The most frequent, most frequent first. */
  names: UntakenName[];
  /** How many names there are, at most a thousand. */
  count: number;
};

/** Names that are shown of a source. */
const SHOWN_NAMES = 100;
const DAY_MS = 86_400_000;

/** By rule, of all that took something lately, configured or not. Throws as the client does. */
export async function readRuleActivity(
  redis: Redis,
  destination: string,
): Promise<Map<string, RuleActivity>> {
  return parseRules(await redis.hgetall(ruleActivityKey(destination)));
}

/** Pure. */
export function parseRules(fields: Record<string, string>): Map<string, RuleActivity> {
  const rules = new Map<string, RuleActivity>();
  const ruleOf = (name: string) => {
    const rule = rules.get(name) ?? { days: [], lastTakenAt: null };
    rules.set(name, rule);
    return rule;
  };
  for (const [field, text] of Object.entries(fields)) {
    const [name, day, what] = field.split('/');
    const rule = ruleOf(name!);
    if (what === 'taken') {
      const longestGapMs = Number(fields[`${name}/${day}/gap`] ?? 0);
      rule.days.push({ day: Number(day), taken: Number(text), longestGapMs });
    } else if (day === 'last') {
      rule.lastTakenAt = Number(text);
    }
  }
  return rules;
}

/** Names of a source's events that no rule takes, as far back as fourteen days. Throws as the client does. */
export async function readUntakenNames(redis: Redis, source: string, now: number): Promise<UntakenNames> {
  const keys = sourceActivityKeys(source);
  const [count, scored] = await Promise.all([
    redis.zcard(keys.names),
    redis.zrevrange(keys.names, 0, SHOWN_NAMES - 1, 'WITHSCORES'),
  ]);
  const found = scored.filter((_, index) => index % 2 === 0);
  if (found.length === 0) return { names: [], count: 0 };
  const seen = await redis.hmget(keys.seen, ...found);
  const names = found.flatMap((name, index): UntakenName[] => {
    const [lastAt = 0, tookOver = 0] = (seen[index] ?? '').split(' ').map(Number);
    const events = Number(scored[2 * index + 1]) - tookOver;
    return lastAt < now - KEPT_DAYS * DAY_MS ? [] : [{ name, events, lastAt }];
  });
  return { names: names.toSorted((one, other) => other.events - one.events), count };
}

/** Paths that a source's events had lately. */
export type SeenPaths = {
  /** Among them `*` where there was no room for all. */
  paths: ReadonlySet<string>;
  /** Events that were looked into. */
  sampled: number;
};

/** Throws as the client does. */
export async function readSeenPaths(redis: Redis, source: string, now: number): Promise<SeenPaths> {
  const keys = sourceActivityKeys(source);
  const [paths, sampled] = await Promise.all([
    redis.zrangebyscore(keys.paths, now - KEPT_DAYS * DAY_MS, '+inf'),
    redis.hget(keys.samples, 'events'),
  ]);
  return { paths: new Set(paths), sampled: Number(sampled ?? 0) };
}
