import { mastersOf, nameOf } from '@meterbridge/redis-connection';
import type { Redis } from 'ioredis';
import { readInfo } from './read-info.js';

/**
 * What became of one server's append-only file: a rewrite has begun, or begins after a snapshot (`started`); one that
 * began before is on its way (`busy`); there is no such file (`off`); the server does not let anybody (`refused`).
 */
export type AofRewrite = { server: string; result: 'started' | 'busy' | 'off' | 'refused' };

/**
 * Has each master write its append-only file anew: what was taken away is in it until then, as in every file that was
 * copied before.
 */
export function rewriteAppendOnlyFiles(redis: Redis): Promise<AofRewrite[]> {
  return Promise.all(
    mastersOf(redis).map(async (server) => ({ server: nameOf(server), result: await rewrite(server) })),
  );
}

async function rewrite(server: Redis): Promise<AofRewrite['result']> {
  const told = await readInfo(server, 'persistence');
  if (told('aof_enabled') === '0') return 'off';
  if (told('aof_rewrite_in_progress') === '1') return 'busy';
  try {
    await server.bgrewriteaof();
    return 'started';
  } catch {
    // Services that run Redis for others keep this command to themselves.
    return 'refused';
  }
}
