import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readGroups, statOf } from './read-groups.js';
import { renderBackfill, reportBackfill } from './report.js';
import { Tally } from './tally.js';

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

test('a dry run that was stopped says that its counts are of a part', () => {
  const stoppedAt = { file: 'a.gz', line: 7 };
  const report = reportBackfill(
    'dry run',
    1,
    { unreadable: [], stoppedAt },
    {
      tally: new Tally(['lago']),
      held: [],
      seconds: 1,
    },
  );
  expect(renderBackfill(report)).toContain('Stopped at a.gz, line 7: this is what was read until there.');
});
