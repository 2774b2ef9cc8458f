import { expect, test } from '@jest/globals';
import type { AuditReport } from '@meterbridge/operations';
import { renderReport } from './render-report.js';

const NONE = { accepted: 0, delivered: 0, duplicate: 0, filtered: 0, dead: 0, discarded: 0, inFlight: 0 };
const OTHERS = { difference: 0, late: 0, olderRule: 0, notCompared: 0, notKept: 0 };
const line = { ...NONE, ...OTHERS, destination: 'hyperline', source: 'backend', hour: 494_000 };
const reportOf = (counts: object): AuditReport => {
  const balance = { ...line, ...counts };
  return { lines: [balance], total: balance, unbalanced: [], unbooked: [] } as unknown as AuditReport;
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

test('what the books have of each hour stands beside it, and what they lack is named', () => {
  const at = (hour: number, state: string, counts: object = {}) => ({
    ...line,
    hour,
    accepted: 12,
    delivered: 12,
    books: { state, missing: 0, missingFiltered: 0, withoutReceipt: 0, ...counts },
  });
  const differing = at(494_003, 'differs', { missing: 1_200, missingFiltered: -3 });
  const lines = [at(494_000, 'before'), at(494_001, 'complete'), at(494_002, 'gap', { withoutReceipt: 7 })];
  lines.push(differing, at(494_004, 'waiting'), at(494_005, 'open'), { ...line, books: undefined } as never);
  const report = { lines, total: line, unbalanced: [], unbooked: [differing] } as unknown as AuditReport;
  const text = renderReport(report, 80);
  expect(text).toMatch(/accepted +delivered .*books\n/);
  for (const words of ['before', 'all', 'gap 7', 'differs', 'waits', 'open']) {
    expect(text).toMatch(new RegExp(` ${words}$`, 'm'));
  }
  expect(text).toContain('THE BOOKS DIFFER FROM THE LEDGER:\n');
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    'deliveries: 1,200 missing; events that no rule took: 3 more',
  );
  for (const row of text.split('\n')) expect(row.length).toBeLessThanOrEqual(80);
});
