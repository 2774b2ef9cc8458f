import type { Config } from '@meterbridge/config';
import {
  changedIds,
  describeSharedIds,
  type FormerIds,
  findSharedIds,
  formerIds,
  idName,
  type RulePlace,
  type SharedIds,
} from '@meterbridge/destinations';
import { readAllRules, readCounters } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import type { Finding } from './finding.js';

/** By destination, of those that have ever delivered: how its rules made ids so far. Null where nobody could be asked. */
export type Past = ReadonlyMap<string, FormerIds> | null;

/** Costs about a millisecond a destination. Throws as the client does. */
export async function readPast(redis: Redis, { destinations }: Pick<Config, 'destinations'>): Promise<Past> {
  const all = destinations.map(async ({ name, type }) => {
    const { delivered, duplicate } = await readCounters(name, redis);
    if (delivered + duplicate === 0) return [];
    return [[name, formerIds(type, (await readAllRules(redis, name)).values())] as const];
  });
  return new Map((await Promise.all(all)).flat());
}

/** Rules that would share ids, and rules whose ids are others than they were. Pure. */
export function judgeIds({ destinations }: Pick<Config, 'destinations'>, past: Past): Finding[] {
  const shared = findSharedIds(destinations).map((pair) => judgePair(pair, past));
  const changed = destinations.flatMap((settings) =>
    changedIds(settings, past?.get(settings.name) ?? new Map()).map(
      (rule): Finding => ({
        level: 'warn',
        what: `${settings.name}, rule ${rule}`,
        detail: `makes another ${idName(settings.type)} than it did, and has delivered: what was delivered before and is sent again, by its sender, a replay or a backfill, is a double bill`,
      }),
    ),
  );
  return [...shared, ...changed];
}

function judgePair(pair: SharedIds, past: Past): Finding {
  const { earlier, later } = pair;
  const hasDelivered = ({ destination, rule }: RulePlace) => past?.get(destination)?.has(rule) ?? false;
  const [earlierHas, laterHas] = [hasDelivered(earlier), hasDelivered(later)];
  const toChange = laterHas && !earlierHas ? earlier : later;
  return {
    level: 'fail',
    what: `${toChange.destination}, rule ${toChange.rule}`,
    detail: `${describeSharedIds(pair, toChange)}. ${why()}`,
  };

  function why(): string {
    if (!past) return 'Which of the two has delivered already is not known: Redis was not asked';
    if (earlierHas && laterHas) {
      return 'Both may have delivered already: with another id, what this one delivered and is sent again is a double bill; filters that exclude each other change no id';
    }
    return earlierHas || laterHas
      ? 'The other one may have delivered already, this one has not'
      : 'Neither has delivered yet';
  }
}
