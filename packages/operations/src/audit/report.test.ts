import { expect, test } from '@jest/globals';
import type { AuditLine } from '@meterbridge/queue';
import { type AuditFilter, reportAudit } from './report.js';

function aLine(destination: string, hour: number | null, source: string | null, counts: Partial<AuditLine>) {
  const none = {
    accepted: 0,
    delivered: 0,
    duplicate: 0,
    late: 0,
    olderRule: 0,
    notCompared: 0,
    filtered: 0,
    dead: 0,
    discarded: 0,
    notKept: 0,
  };
  return { destination, hour, source, ...none, inFlight: 0, difference: 0, ...counts };
}

const LINES: AuditLine[] = [
  aLine('lago', null, null, { accepted: 100, delivered: 100 }),
  aLine('lago', 11, 'web', { accepted: 10, delivered: 5, dead: 1, inFlight: 1, difference: 3 }),
  aLine('lago', 10, 'web', { accepted: 8, delivered: 11, difference: -3 }),
  aLine('lago', 11, 'backend', { accepted: 4, filtered: 4 }),
  aLine('hyperline', 11, 'web', { accepted: 2, duplicate: 2 }),
];

test.each<[string, AuditFilter, string[], { accepted: number; difference: number; unbalanced: number }]>([
  [
    'everything, oldest hour first',
    {},
    ['null lago null 100', '10 lago web 8', '11 hyperline web 2', '11 lago backend 4', '11 lago web 10'],
    { accepted: 124, difference: 0, unbalanced: 2 },
  ],
  [
    'one source, without what no hour has',
    { source: 'web' },
    ['10 lago web 8', '11 hyperline web 2', '11 lago web 10'],
    { accepted: 20, difference: 0, unbalanced: 2 },
  ],
  [
    'since an hour',
    { sinceHour: 11 },
    ['11 hyperline web 2', '11 lago backend 4', '11 lago web 10'],
    { accepted: 16, difference: 3, unbalanced: 1 },
  ],
  [
    'until the hour that a moment is in',
    { until: 11 * 3_600_000 + 1 },
    ['10 lago web 8', '11 hyperline web 2', '11 lago backend 4', '11 lago web 10'],
    { accepted: 24, difference: 0, unbalanced: 2 },
  ],
  [
    'until an hour',
    { until: 11 * 3_600_000 },
    ['10 lago web 8'],
    { accepted: 8, difference: -3, unbalanced: 1 },
  ],
  [
    'by hour',
    { by: 'hour' },
    ['null - - 100', '10 - - 8', '11 - - 16'],
    { accepted: 124, difference: 0, unbalanced: 2 },
  ],
  [
    'by source',
    { by: 'source' },
    ['- - null 100', '- - backend 4', '- - web 20'],
    { accepted: 124, difference: 0, unbalanced: 2 },
  ],
  [
    'by destination, where differences cancel out and are told nevertheless',
    { by: 'destination' },
    ['- hyperline - 2', '- lago - 122'],
    { accepted: 124, difference: 0, unbalanced: 2 },
  ],
  ['nothing', { source: 'none' }, [], { accepted: 0, difference: 0, unbalanced: 0 }],
])('%s', (_name, filter, lines, { unbalanced, ...total }) => {
  const report = reportAudit(LINES, filter);
  const word = (value: unknown) => (value === undefined ? '-' : String(value));
  expect(
    report.lines.map(({ hour, destination, source, accepted }) =>
      [hour, destination, source, accepted].map(word).join(' '),
    ),
  ).toEqual(lines);
  expect(report.total).toMatchObject(total);
  expect(report.unbalanced).toHaveLength(unbalanced);
});
