import { expect, test } from '@jest/globals';
import type { AuditReport } from '@meterbridge/operations';
import { renderReport } from './render-report.js';

const NONE = { accepted: 0, delivered: 0, duplicate: 0, filtered: 0, dead: 0, discarded: 0, inFlight: 0 };
const OTHERS = { difference: 0, late: 0, olderRule: 0, notCompared: 0, notKept: 0 };
const line = { ...NONE, ...OTHERS, destination: 'hyperline', source: 'backend', hour: 494_000 };
const reportOf = (counts: object): AuditReport => {
  const balance = { ...line, ...counts };
  return { lines: [balance], total: balance, unbalanced: [] } as unknown as AuditReport;
};

test.each([
  [
    { accepted: 1_234_567, delivered: 1_234_000, filtered: 567 },
    /accepted +delivered +filtered\n/,
    'difference',
  ],
  [{ accepted: 30, dead: 20, inFlight: 10 }, /accepted +delivered +dead +in flight\n/, 'filtered'],
])('at 80 columns what is 0 everywhere gives way first, and is named: %o', (counts, head, dropped) => {
  const text = renderReport(reportOf(counts), 80);
  const [first, ...others] = text.split('\n');
  expect(`${first}\n`).toMatch(head);
  expect(others.find((each) => each.startsWith('Not shown here'))).toContain(dropped);
  for (const row of [first!, ...others.slice(0, 4)]) expect(row.length).toBeLessThanOrEqual(80);
  expect(renderReport(reportOf(counts), Number.POSITIVE_INFINITY)).toContain('difference\n');
});
