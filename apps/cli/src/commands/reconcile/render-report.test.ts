import { expect, test } from '@jest/globals';
import type { FindingKind, ReconcileReport, ReportedFinding } from '@meterbridge/operations';
import stringWidth from 'fast-string-width';
import { unstyled } from '../../terminal/style.js';
import { renderReconciliation } from './render-report.js';

const finding = (
  kind: FindingKind,
  usageId: string,
  change: Partial<ReportedFinding> = {},
): ReportedFinding => ({
  finding: kind,
  code: 'api_call',
  usageId,
  owner: 'sub-1',
  time: '2026-08-01T14:00:00.123Z',
  source: 'backend',
  settled: '2026-08-01T14:00:05.000Z',
  outcome: 'delivered',
  fields: [],
  rows: [],
  ...change,
});

const reportOf = (change: Partial<ReconcileReport> = {}): ReconcileReport => ({
  destination: 'billing',
  type: 'lago',
  from: '2026-08-01T00:00:00.000Z',
  to: '2026-08-02T00:00:00.000Z',
  contents: false,
  lines: [{ code: 'api_call', booked: 1_234_567, held: 1_234_600, others: 35, findings: 0 }],
  findings: [],
  notCompared: 0,
  withoutReceipt: 0,
  reads: 25,
  sendAgain: [],
  ...change,
});

const linesOf = (report: ReconcileReport) => unstyled(renderReconciliation(report, 80)).split('\n');

test('where nothing differs it says how that is known', () => {
  const text = linesOf(reportOf()).join('\n');
  expect(text).toContain("billing, from 2026-08-01T00:00Z to 2026-08-02T00:00Z, by the events' own times;");
  expect(text).toMatch(/api_call +1,234,567 +1,234,600 +35 +0\n/);
  expect(text).toContain('Nothing differs, by counts of each hour.');
  expect(linesOf(reportOf({ contents: true })).join('\n')).toContain('Nothing differs, each event compared.');
  expect(linesOf(reportOf({ lines: [] })).join('\n')).toContain('The books have no usage of that time.');
});

test('a gap of the books is told, and nothing is said to be all well', () => {
  const text = linesOf(reportOf({ withoutReceipt: 1_200 })).join('\n');
  expect(text).toContain('The books have a gap: 1,200 deliveries that may be of that time');
  expect(text).toContain('Of what the books have, nothing differs, by counts of each hour.');
});

test('findings stand by their kind, ten of each, in 80 columns', () => {
  const missing = Array.from({ length: 12 }, (_, index) => finding('missing_there', `m-${index}`));
  const other = finding('other_content', 'o-1\u001b[2J', { fields: ['timestamp', 'properties.tokens'] });
  const sendAgain = [{ url: 'http://127.0.0.1/api/v1/events/batch', body: '{"events":[]}' }];
  const lines = linesOf(reportOf({ findings: [...missing, other], sendAgain, notCompared: 3 }));
  const text = lines.join('\n');
  expect(text).toContain('missing_there: 12 were taken by the API, and are not there\n  m-0 of');
  expect(text).toContain('  … and 2 more\n');
  expect(text).toContain('api_call, sub-1: timestamp,');
  expect(text).not.toContain('\u001b');
  expect(text).toContain('Of 3 that are there nobody knows');
  expect(text).toContain('Bearer $LAGO_API_KEY"');
  // A command to be copied is not broken.
  const command = lines.findIndex((line) => line.startsWith('  meterbridge reconcile'));
  for (const line of lines.slice(0, command)) expect(stringWidth(line)).toBeLessThanOrEqual(80);
});
