import { expect, test } from '@jest/globals';
import type { BackfillReport } from '@meterbridge/operations';
import { renderBackfill } from './render-report.js';

test('a dry run that was stopped says that its counts are of a part', () => {
  const report: BackfillReport = {
    state: 'dry run',
    files: 1,
    lines: 7,
    seconds: 1,
    events: 7,
    eventsPerSecond: 7,
    skipped: { outOfTime: 0, notSelected: 0, ignored: 0, personRefused: 0 },
    rejected: {},
    badLines: [],
    unreadable: [],
    destinations: [],
    held: [],
    stoppedAt: { file: 'a.gz', line: 7 },
  };
  expect(renderBackfill(report)).toContain('Stopped at a.gz, line 7: this is what was read until there.');
});
