import { expect, test } from '@jest/globals';
import { type AuditLook, auditLines } from './audit.js';

const EMPTY: AuditLook = { ledger: {}, hours: {}, letters: 0, inFlight: 0, jobs: [] };

/** `<hour>/<source>: difference`, and what stands in the line. */
function say(look: Partial<AuditLook>): string[] {
  return auditLines({ ...EMPTY, ...look }).map(({ hour, source, difference, ...counts }) => {
    const some = Object.entries(counts).filter(([, count]) => count !== 0);
    return `${hour}/${source} ${some.map((each) => each.join(' ')).join(' ')} | ${difference}`;
  });
}

const HUNDRED = { ledger: { accepted: 100, delivered: 100 }, hours: { '5/web/accepted': 100 } };

test.each<[string, Partial<AuditLook>, string[]]>([
  ['nothing was ever accepted', {}, []],
  [
    'hours, oldest first, by source, whatever characters it has',
    {
      ledger: { accepted: 6, delivered: 6 },
      hours: {
        '12/web/accepted': 1,
        '12/web/delivered': 1,
        '12/a/b/accepted': 2,
        '12/a/b/delivered': 2,
        '9/web/accepted': 3,
        '9/web/delivered': 3,
      },
    },
    [
      '9/web accepted 3 delivered 3 | 0',
      '12/a/b accepted 2 delivered 2 | 0',
      '12/web accepted 1 delivered 1 | 0',
    ],
  ],
  [
    'what is in flight is multiplied by the jobs that say so, and belongs to each of their buckets',
    {
      ledger: { accepted: 35 },
      hours: { '5/web/accepted': 30, '5/backend/accepted': 5 },
      inFlight: 35,
      jobs: [
        ['{"5/web":10}', 2],
        ['{"5/web":10,"5/backend":5}', 1],
      ],
    },
    ['5/backend accepted 5 inFlight 5 | 0', '5/web accepted 30 inFlight 30 | 0'],
  ],
  [
    'what the totals have and no hour does is a line of its own',
    {
      ledger: { accepted: 150, delivered: 120, filtered: 10 },
      hours: { '5/web/accepted': 30, '5/web/delivered': 30 },
      letters: 4,
      inFlight: 16,
      jobs: [['{}', 1]],
    },
    [
      'null/null accepted 120 delivered 90 filtered 10 dead 4 inFlight 16 | 0',
      '5/web accepted 30 delivered 30 | 0',
    ],
  ],
  [
    'a lost job is missing from the hour in which it was accepted',
    { ...HUNDRED, ledger: { accepted: 100 }, inFlight: 30, jobs: [['{"5/web":30}', 1]] },
    ['5/web accepted 100 inFlight 30 | 70'],
  ],
  [
    'what was counted twice is less than nothing',
    {
      ...HUNDRED,
      ledger: { accepted: 100, delivered: 130 },
      hours: { ...HUNDRED.hours, '5/web/delivered': 130 },
    },
    ['5/web accepted 100 delivered 130 | -30'],
  ],
  [
    'an outcome in a wrong hour cancels out in the total, and shows',
    { ...HUNDRED, hours: { ...HUNDRED.hours, '6/web/delivered': 100 } },
    ['5/web accepted 100 | 100', '6/web delivered 100 | -100'],
  ],
  [
    'an outcome that the totals have and its hour does not',
    { ...HUNDRED },
    ['null/null delivered 100 | -100', '5/web accepted 100 | 100'],
  ],
  [
    'dead letters that were counted and are gone',
    { ledger: { accepted: 9, dead: 9 }, hours: { '5/web/accepted': 9, '5/web/dead': 9 }, letters: 7 },
    ['null/null dead -2 | 2', '5/web accepted 9 dead 9 | 0'],
  ],
  [
    'what was discarded is where its events are',
    {
      ledger: { accepted: 9, dead: 4, discarded: 5 },
      hours: { '5/web/accepted': 9, '5/web/dead': 4, '5/web/discarded': 4 },
      letters: 4,
    },
    ['null/null discarded 1 | -1', '5/web accepted 9 dead 4 discarded 4 | 1'],
  ],
])('%s', (_name, look, lines) => {
  expect(say(look)).toEqual(lines);
});
