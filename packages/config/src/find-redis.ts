import { readFileSync } from 'node:fs';
import { readEnvironment } from './environment.js';
import { fileSchema } from './file-schema.js';
import { type Environment, interpolate } from './interpolate.js';
import { readYaml } from './read-yaml.js';
import { resolveRedisUrl } from './redis-tls.js';

/** What a file says of Redis where it is no YAML: enough to know that it names one. */
const SAYS_REDIS = /^["']?redis["']?[ ]*:/m;

/**
 * Where the Redis is that a file with mistakes elsewhere means, or its environment does.
 * @returns null where neither says so for certain: another Redis could be somebody else's
 */
export function findRedisUrl({ file, env }: { file: string; env: Environment }): string | null {
  const environment = readEnvironment(env);
  if (!environment.ok) return null;
  const ofEnvironment = env.REDIS_URL ? environment.settings.REDIS_URL : undefined;
  const text = readText(file);
  const yaml = readYaml(text);
  if (!yaml.ok) return SAYS_REDIS.test(text) ? null : (ofEnvironment ?? null);
  const said = (yaml.data as { redis?: unknown } | null)?.redis ?? {};
  const { data, problems, unset } = interpolate(said, env);
  const parsed = fileSchema.shape.redis.safeParse(data, { jitless: true });
  if (!parsed.success || problems.length > 0 || unset.length > 0) return null;
  const reached = resolveRedisUrl(parsed.data, ofEnvironment);
  return reached.url === '' || reached.problems.length > 0 ? null : reached.url;
}

/** A file that is not there says nothing. */
function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
