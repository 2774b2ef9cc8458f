import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readAccount } from '@meterbridge/queue';
import { waitFor } from '@meterbridge/testing';
import { calls, writeArchive } from '../../../packages/operations/test/archive.js';
import { backfill } from '../src/commands/backfill/command.js';
import { useFailingOver } from './failing-over.js';

const failing = useFailingOver();

/** There are no APIs to ask, and none has a limit: group after group is written without a pause. */
const HOW = { json: true, yes: true };
/** Five groups. */
const EVENTS = 2_500;

test.each([0, 1, 2, 3])(
  'a group of a backfill that the old master alone took is written again',
  async (times) => {
    const at = await failing.open();
    const file = join(at.folder, 'old.gz');
    await writeArchive(file, calls(EVENTS));
    at.changeOverAt('{lago}:ledger', times);
    await backfill([file], HOW).catch((error: { code?: string }) => {
      // A position that was saved in that moment the old master alone has, too: it says so, and what to do.
      if (error.code !== 'conflict') throw error;
      return backfill([file], { ...HOW, resume: true });
    });
    expect(at.output()).toContain('"state": "done"');
    const { accepted, inFlight, difference } = await at.account('lago');
    expect(difference).toBe(0);
    expect(accepted).toBe(inFlight);
    expect(accepted).toBeGreaterThanOrEqual(EVENTS);
  },
);

test('a replica that goes away is waited for, and what Redis has without it is not written again and again', async () => {
  const at = await failing.open();
  const file = join(at.folder, 'old.gz');
  await writeArchive(file, calls(300));
  at.loseAt('{lago}:ledger');
  const running = backfill([file], HOW);
  try {
    await waitFor(() => at.output().includes('not all of its replicas: waiting'), { what: 'the word of it' });
    // Each try asks first whether the replica answers.
    const tries = async () =>
      Number(/cmdstat_wait:calls=(\d+)/.exec(await at.lookAtOld().info('commandstats'))?.[1]);
    const before = await tries();
    await waitFor(async () => (await tries()) >= before + 3, { what: 'some tries' });
    expect(await readAccount('lago', at.lookAtOld())).toMatchObject({ accepted: 300, difference: 0 });
  } finally {
    await at.comeBack();
    await running;
  }
  expect(at.output()).toContain('Going on.');
  expect(at.output()).toContain('"state": "done"');
  const { accepted, inFlight, difference } = await at.account('lago');
  expect([accepted, difference]).toEqual([inFlight, 0]);
  // Once more at least; again where the replica that answers is late with what is written next.
  expect(accepted % 300).toBe(0);
  expect(accepted).toBeGreaterThanOrEqual(300);
});
