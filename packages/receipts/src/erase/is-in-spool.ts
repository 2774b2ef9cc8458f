import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBatch, millisecondsOf } from '@meterbridge/queue/batch';
import { compileIsOf } from '@meterbridge/segment-events';
import { shardFolder, spoolName } from '../layout.js';
import { readPersonKey } from '../person/person-key.js';
import { readSpool } from '../spool/spool.js';
import type { PersonInRows } from './person.js';

/** What the program is told that looks into a spool. */
export type LookTask = {
  task: 'look';
  /** The store. */
  dir: string;
  shard: string;
  spool: string;
  /** As rows have them. */
  person: PersonInRows;
};

/** Whether a spool, open or not, has something of a person. */
export async function isInSpool({ dir, shard, spool, person }: Omit<LookTask, 'task'>): Promise<boolean> {
  const key = await readPersonKey(dir);
  if (!key) return false;
  const file = join(shardFolder(dir, shard), spoolName(spool));
  const isOneOf = (...hashes: (readonly string[])[]) => {
    const known = new Set(hashes.flat());
    return (id: string) => known.has(key.hashId(id) ?? '');
  };
  const { users, devices, until } = person;
  const isOf = compileIsOf({
    user: isOneOf(users),
    device: isOneOf(devices),
    either: isOneOf(users, devices),
  });
  const handle = await open(file);
  try {
    for await (const entry of readSpool(handle, file, 'leave')) {
      if (entry.kind !== 'settled' || millisecondsOf(entry.id) > until) continue;
      if (decodeBatch(entry.batch).some(({ event }) => isOf(event))) return true;
    }
    return false;
  } finally {
    await handle.close();
  }
}
