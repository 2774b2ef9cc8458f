import { areReceiptsWaiting, type OpenErasure, readErasure, tellErasure } from '@meterbridge/queue';
import {
  type ErasedRows,
  type EraseOptions,
  erasePerson,
  isPersonInSpool,
  listSpools,
  readErasures,
} from '@meterbridge/receipts';
import type { Redis } from 'ioredis';
import type { ShardArchive } from './shard-archive.js';

type Place = {
  /** The store's folder. */
  dir: string;
  shard: string;
  /** Sends nothing again by itself (`connectProducer`). */
  redis: Redis;
  replicas: number;
};

/**
 * Goes on with taking a person out of a shard's archive: first all that was settled until then has to be on disk, then in
 * rows, and then rows are blanked. What has to be waited for is for the next round, which begins anew with what there is.
 * @returns null where it is not done
 * @throws as Redis, the disk and `erasePerson` do
 */
export async function eraseInShard(
  { dir, shard, redis, replicas }: Place,
  { id, person, salt, until: ends }: OpenErasure,
  { archive, ...how }: Pick<EraseOptions, 'now' | 'commit' | 'signal'> & { archive: ShardArchive },
): Promise<ErasedRows | null> {
  const until = ends.get(shard)!;
  // It may have been done since the round began that tells of it.
  if (!(await readErasure(redis, id)).left.includes(shard)) return null;
  if (await areReceiptsWaiting(redis, shard, until)) return null;
  const whom = { ...person, until, salt };
  const open = archive.beginSpool;
  // What is closed is on its way to be rows.
  if ((await listSpools({ dir, shard })).some((spool) => spool !== open)) return null;
  if (open !== undefined && (await isPersonInSpool({ dir, shard, spool: open }, whom, how.signal))) {
    archive.closeEarly(open);
    return null;
  }
  const tell = async (done: number, files: number) => {
    await tellErasure(redis, { id, shard }, { done, files, rows: 0, untold: 0 }, false, replicas);
  };
  let telling = Promise.resolve();
  const onProgress = (done: number, files: number) => {
    telling = telling.then(() => tell(done, files)).catch(() => {});
  };
  const erased = await erasePerson({ dir, shard }, whom, { ...how, request: id, onProgress });
  await telling;
  // With what archivists before have done of it.
  const all = (await readErasures({ dir, shard })).filter(({ request }) => request === id);
  const rows = all.reduce((sum, each) => sum + each.rows, 0);
  const [files, untold] = [all.length, erased.untold];
  // Whoever has the shard now does it again, and finds nothing left.
  await how.commit(() =>
    tellErasure(redis, { id, shard }, { done: files, files, rows, untold }, true, replicas),
  );
  return erased;
}
