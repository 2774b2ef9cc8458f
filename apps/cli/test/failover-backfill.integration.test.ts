import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { backfill } from '../src/commands/backfill.js';
import { calls, writeArchive } from './archive.js';
import { useFailingOver } from './failing-over.js';

const failing = useFailingOver();

test.each([0, 1, 2, 3])(
  'a group of a backfill that the old master alone took is written again',
  async (times) => {
    const at = await failing.open();
    const file = join(at.folder, 'old.gz');
    await writeArchive(file, calls(700));
    at.changeOverAt('{lago}:ledger', times);
    await backfill([file], { rate: 100, json: true });
    expect(at.output()).toContain('"state": "done"');
    const { accepted, inFlight, difference } = await at.account('lago');
    expect(difference).toBe(0);
    expect(accepted).toBe(inFlight);
    expect(accepted).toBeGreaterThanOrEqual(700);
  },
);
