import type { Config } from '@meterbridge/config';
import { readSeenPaths, readStoreTime, type SeenPaths } from '@meterbridge/queue';
import { mayBeAmong } from '@meterbridge/segment-events';
import { filterPaths } from '@meterbridge/usage-mapping';
import type { Redis } from 'ioredis';
import type { Finding } from './finding.js';

/** Fewer events say little about which paths there are. */
const MIN_SAMPLED = 20;
/** Paths that are named beside one that was not seen. */
const MAX_NAMED = 10;

type Configured = Pick<Config, 'destinations' | 'sources'>;

/** Paths of filters that no event of the last days had. Throws as the client does. */
export async function checkPaths(config: Configured, redis: Redis): Promise<Finding[]> {
  const now = await readStoreTime(redis);
  const seen = await Promise.all(
    config.sources.map(async ({ name }) => [name, await readSeenPaths(redis, name, now)] as const),
  );
  return judgePaths(config, new Map(seen));
}

/**
 * Pure. Says nothing of a rule that takes events of a source of which too little was seen.
 * @param seen by source
 */
export function judgePaths(
  { destinations, sources }: Configured,
  seen: ReadonlyMap<string, SeenPaths>,
): Finding[] {
  return destinations.flatMap(({ name: destination, rules }) =>
    rules.flatMap(({ name, sources: only, when }) => {
      const from = (only ?? sources.map((each) => each.name)).flatMap((source) => seen.get(source) ?? []);
      const known = from.filter(({ sampled }) => sampled >= MIN_SAMPLED);
      if (when === undefined || known.length === 0) return [];
      const isSeen = (path: readonly string[]) =>
        known.length < from.length || known.some(({ paths }) => mayBeAmong(paths, path));
      return filterPaths(when).flatMap((path): Finding[] =>
        isSeen(path) ? [] : [warn(`${destination}, rule ${name}`, path, known)],
      );
    }),
  );
}

function warn(what: string, path: readonly string[], known: readonly SeenPaths[]): Finding {
  const sampled = known.reduce((sum, each) => sum + each.sampled, 0);
  const beside = `${path.slice(0, -1).join('.')}.`;
  const there = [...new Set(known.flatMap(({ paths }) => [...paths]))]
    .filter((each) => each.startsWith(beside) && !each.includes('.', beside.length))
    .toSorted();
  const named = there.slice(0, MAX_NAMED).join(', ');
  const others = there.length > MAX_NAMED ? `, and ${there.length - MAX_NAMED} more` : '';
  return {
    level: 'warn',
    what,
    detail: `its filter reads ${path.join('.')}, which none of the ${sampled} events had that were looked into in the last fourteen days. ${there.length > 0 ? `There were ${named}${others}` : `There was nothing below ${beside.slice(0, -1)}`}`,
  };
}
