import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram } from '../convert/run-program.js';
import { shardFolder, WORK_PREFIX } from '../layout.js';
import { readPersonKey } from '../person/person-key.js';
import type { EraseAnswer } from './erase-rows.js';
import { commitErasure, settleErasures } from './erasures.js';
import { hashPerson, type PersonInRows } from './person.js';

/** What came of it, of one shard. */
export type ErasedRows = {
  /** Rows that say nothing of the person any more, and files that have them. */
  rows: number;
  files: number;
  /** Files whose rows do not say whose they are, or by another key: nobody can tell whether they have the person. */
  untold: number;
};

export type EraseOptions = {
  /** The name of what asks for it, for the record. */
  request: string;
  /** Epoch milliseconds. */
  now: () => number;
  /** Runs what changes what counts: one hand at a time, and only where this process has the shard still. */
  commit: (change: () => Promise<void>) => Promise<void>;
  /** Told of each file. */
  onProgress?: ((done: number, files: number) => void) | undefined;
  signal?: AbortSignal | undefined;
};

type Place = { dir: string; shard: string };

/** Whether a spool, open or not, has something of a person that rows would say. */
export async function isPersonInSpool(
  place: Place & { spool: string },
  person: PersonInRows,
  signal?: AbortSignal,
): Promise<boolean> {
  const key = await readPersonKey(place.dir);
  if (!key) return false;
  const task = { task: 'look', ...place, person: hashPerson(person, key.hashId) } as const;
  let isIn = false;
  for await (const answer of runProgram<boolean>(`${place.shard}/${place.spool}`, task, signal))
    isIn = answer;
  return isIn;
}

/**
 * Blanks a person's rows in all files of a shard; rows, order and counts stay. What is in spools is for those who convert
 * them first. Ended anywhere it may be begun again: a file is the old one or the new one, and the manifest says which.
 */
export async function erasePerson(
  { dir, shard }: Place,
  person: PersonInRows,
  { request, now, commit, onProgress, signal }: EraseOptions,
): Promise<ErasedRows> {
  const key = await readPersonKey(dir);
  const erased: ErasedRows = { rows: 0, files: 0, untold: 0 };
  await commit(() => settleErasures({ dir, shard }));
  const work = await mkdtemp(join(shardFolder(dir, shard), WORK_PREFIX));
  try {
    const hashed = hashPerson(person, key?.hashId ?? (() => undefined));
    const task = { task: 'erase', dir, shard, work, person: hashed } as const;
    let files = 0;
    for await (const answer of runProgram<EraseAnswer>(shard, task, signal)) {
      if ('untold' in answer) {
        files = answer.files;
        erased.untold = answer.untold;
      } else {
        const at = new Date(now()).toISOString();
        await commit(() => commitErasure({ dir, shard }, answer, { at, request }));
        erased.rows += answer.rows;
        erased.files += 1;
      }
      onProgress?.(erased.files, files);
    }
    return erased;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
