import { setTimeout as sleep } from 'node:timers/promises';
import {
  createErasure,
  type ErasureState,
  haveReceipts,
  knownShards,
  readErasure,
  readProcesses,
  readStoreTime,
} from '@meterbridge/queue';
import { formsOf, type PersonIds } from '@meterbridge/segment-events';
import type { DurableWriter } from '../durable-writer.js';
import type { Operations } from '../open.js';
import { isStopped, type Work } from '../work.js';

/** What an archivist has made of a person's receipts. */
export type ForgottenReceipts = {
  /** `open`: an archivist goes on with it, or the next one does. `gone`: Redis has lost the request. */
  state: ErasureState['state'];
  /** Whether an archivist lives, which alone can do it. */
  isArchivistThere: boolean;
  /** Shards that are not done. */
  left: string[];
  /** Rows that say nothing of the person any more, and files that have them. */
  rows: number;
  files: number;
  /** Files whose rows do not say whose they are: they may have the person. */
  untold: number;
};

/** How often is asked how far it is. */
const ASK_EVERY_MS = 250;

/** Whether there may be receipts of anybody: they are configured here, or Redis knows of some. */
export async function mayHaveReceipts({ config, redis }: Operations): Promise<boolean> {
  return config.receipts !== undefined || (await haveReceipts(redis, await knownShards(redis)));
}

/**
 * Has archivists take a person out of the receipts, and waits for as long as they get on. Nothing of the person may be on
 * its way to be settled any more.
 * @param id of the request; the same for each call that goes on with it
 * @param patienceMs without any word of an archivist
 * @returns null where there are no receipts
 */
export async function forgetReceipts(
  ops: Operations,
  ids: PersonIds,
  { writer, id, patienceMs }: { writer: DurableWriter; id: string; patienceMs: number },
  work: Work,
): Promise<ForgottenReceipts | null> {
  if (!(await mayHaveReceipts(ops))) return null;
  const { users, devices } = formsOf(ids, ops.config.privacyKey);
  const person = { users: [...users], devices: [...devices] };
  const shards = await knownShards(writer.redis);
  if (shards.length === 0) return null;
  await createErasure(writer.redis, { id, person, shards }, writer.replicas);
  let deadline = performance.now() + patienceMs;
  let before = '';
  for (;;) {
    const now = await look(ops, id);
    const said = JSON.stringify(now);
    if (said !== before) deadline = performance.now() + patienceMs;
    const isWaiting = now.state === 'open' && now.isArchivistThere;
    if (!isWaiting || isStopped(work) || performance.now() > deadline) {
      work.onWait?.(null);
      const { of: _, ...told } = now;
      return told;
    }
    if (said !== before)
      work.onWait?.(`The archivist takes the person out of the receipts: ${progressWords(now, shards)}`);
    before = said;
    await sleep(ASK_EVERY_MS);
  }
}

async function look({ redis }: Operations, id: string): Promise<ForgottenReceipts & { of: number }> {
  const living = await readProcesses(redis, await readStoreTime(redis));
  const { state, left, told } = await readErasure(redis, id);
  const each = Object.values(told);
  const sum = (count: (one: (typeof each)[0]) => number) => each.reduce((all, one) => all + count(one), 0);
  return {
    state,
    isArchivistThere: living.some(({ role }) => role === 'archivist'),
    left,
    rows: sum(({ rows }) => rows),
    files: sum(({ done }) => done),
    untold: sum(({ untold }) => untold),
    of: sum(({ files = 0 }) => files),
  };
}

function progressWords({ left, files, of }: { left: string[]; files: number; of: number }, shards: string[]) {
  const done = shards.length - left.length;
  return `${done} of ${shards.length} queues done, ${files} of ${of} files`;
}
