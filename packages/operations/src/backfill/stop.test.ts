import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readGroups, statOf } from './read-groups.js';

test('a run that is stopped before it has come to where it goes on says that place, not an earlier one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meterbridge-stop-'));
  const file = join(folder, 'events.ndjson');
  try {
    await writeFile(file, '{}\n{}\n{}\n');
    const { stamp } = await statOf(file);
    const result = await readGroups({
      files: [file],
      judge: () => [],
      sink: { add: async () => {}, end: async () => {} },
      positions: new Map([[file, { line: 900, isDone: false, stamp }]]),
      isStopped: () => true,
      onBytes: () => {},
    });
    expect(result.stoppedAt).toEqual({ file, line: 900 });
  } finally {
    await rm(folder, { recursive: true });
  }
});
