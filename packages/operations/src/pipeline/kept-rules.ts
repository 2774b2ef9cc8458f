import type { Config } from '@meterbridge/config';
import { compileVersion, type Destination } from '@meterbridge/destinations';
import { readAllRules } from '@meterbridge/queue';
import type { Redis } from 'ioredis';
import type { KeptRules } from './pipeline.js';

/** The rules of before that Redis keeps of the configured destinations: what may have arrived is mapped by them. */
export async function readKeptRules(
  redis: Redis,
  { destinations }: Pick<Config, 'destinations'>,
): Promise<KeptRules> {
  const kept = destinations.map(
    async ({ name }) => [name, compileAll(await readAllRules(redis, name))] as const,
  );
  return new Map(await Promise.all(kept));
}

/** Those that this program can map by. */
function compileAll(texts: ReadonlyMap<string, string>): Map<string, Destination['map']> {
  return new Map(
    [...texts].flatMap(([version, text]) => {
      const map = compileVersion(text);
      return map ? [[version, map] as const] : [];
    }),
  );
}
