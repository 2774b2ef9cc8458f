import { readRuleActivity, readUntakenNames, type UntakenNames } from '@meterbridge/queue';
import type { CallType } from '@meterbridge/segment-events';
import { judgeRule, type RuleStatus } from '@meterbridge/usage-mapping';
import type { Redis } from 'ioredis';
import type { SettingsInForce } from '../open.js';

/** Whether a configured rule takes events, as receivers saw it. What was backfilled or replayed does not count. */
export type RuleLine = { destination: string; rule: string } & RuleStatus;

/** Events of one source that no rule of any destination takes. */
export type UntakenLine = {
  source: string;
  /** How many names there are, at most a thousand. */
  count: number;
  /** The hundred most frequent. */
  names: {
    type: CallType;
    /** Of a track call; all other events go by their type. */
    event: string | null;
    /** At least so many. */
    events: number;
    /** Epoch milliseconds. */
    lastAt: number;
  }[];
};

/** What rules take and what none takes. Costs Redis about a millisecond a destination or source. */
export type Activity = { rules: RuleLine[]; untaken: UntakenLine[] };

type Configured = Pick<SettingsInForce, 'destinations' | 'sources'>;

/** Of what is configured. @param now epoch milliseconds, by Redis' clock. Throws as the client does. */
export async function readActivity(config: Configured, redis: Redis, now: number): Promise<Activity> {
  const [rules, untaken] = await Promise.all([
    Promise.all(config.destinations.map((each) => readRules(each, redis, now))),
    Promise.all(
      config.sources.map(async ({ name }) => toLine(name, await readUntakenNames(redis, name, now))),
    ),
  ]);
  return { rules: rules.flat(), untaken };
}

async function readRules(
  { name: destination, rules }: SettingsInForce['destinations'][number],
  redis: Redis,
  now: number,
): Promise<RuleLine[]> {
  const activity = await readRuleActivity(redis, destination);
  return rules.map(({ name }) => ({
    destination,
    rule: name,
    ...judgeRule(activity.get(name) ?? { days: [], lastTakenAt: null }, now),
  }));
}

/** A name is kept as `track <event>`, or the type of any other call. */
function toLine(source: string, { names, count }: UntakenNames): UntakenLine {
  return {
    source,
    count,
    names: names.map(({ name, events, lastAt }) => {
      const [type] = name.split(' ', 1) as [CallType];
      return { type, event: type === 'track' ? name.slice('track '.length) : null, events, lastAt };
    }),
  };
}
