import { expect, test } from '@jest/globals';
import type { Coverage, UsageLine, UsageReport } from '@meterbridge/operations';
import stringWidth from 'fast-string-width';
import { unstyled } from '../../terminal/style.js';
import { renderCsv } from './render-csv.js';
import { renderUsage } from './render-usage.js';

const line = (change: Partial<UsageLine> = {}): UsageLine => ({
  destination: 'billing',
  day: '2026-08-01',
  code: 'api_call',
  source: 'backend',
  rule: 'api-calls',
  events: 12_345,
  sums: { tokens: '1234567.25' },
  late: 0,
  duplicates: 0,
  dead: 0,
  samples: [],
  ...change,
});

const coverage = (change: Partial<Coverage> = {}): Coverage => ({
  destination: 'billing',
  type: 'lago',
  booksBegin: '2026-07-01T00:00:00.000Z',
  isLater: false,
  withoutReceipt: 0,
  waiting: 0,
  inFlight: 0,
  ...change,
});

const report = (change: Partial<UsageReport> = {}): UsageReport => ({
  customer: 'acme',
  from: '2026-08-01T00:00:00.000Z',
  to: '2026-09-01T00:00:00.000Z',
  lines: [line()],
  now: [],
  coverage: [coverage()],
  ...change,
});

const textOf = (change: Partial<UsageReport>, width = 80) => unstyled(renderUsage(report(change), width));

test('lines with their sums, and a total', () => {
  expect(textOf({ lines: [line(), line({ day: '2026-08-02', late: 3, dead: 2 })] }, 200)).toBe(
    `acme, from 2026-08-01T00:00Z to 2026-09-01T00:00Z, by the events' own times.

day         destination  code      source   rule       events  sums                 late  dead
──────────────────────────────────────────────────────────────────────────────────────────────
2026-08-01  billing      api_call  backend  api-calls  12,345  tokens 1,234,567.25     0     0
2026-08-02  billing      api_call  backend  api-calls  12,345  tokens 1,234,567.25     3     2
──────────────────────────────────────────────────────────────────────────────────────────────
total                                                  24,690                          3     2

2 are dead, and on no bill: meterbridge dead-letters list --customer acme`,
  );
});

test('whatever stands in it fits 80 columns, and commands no terminal', () => {
  const wide = 'a-very-long-name-of-something-that-somebody-has-chosen\u001b[2J';
  const sums = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [`property_${index}`, '123456789.5']),
  );
  const wideLine = line({ code: wide, source: wide, rule: wide, sums, late: 1, duplicates: 2, dead: 3 });
  const usage = { from: '2026-08-01', to: '2026-08-31', lines: [{ code: wide, units: '12.0', events: 1 }] };
  const text = textOf({
    customer: wide,
    lines: [wideLine, line({ destination: wide })],
    now: [
      { destination: wide, subscription: wide, usage, caveat: 'It lags.' },
      { destination: 'billing', subscription: 's', problem: wide, caveat: '' },
      { destination: 'billing', subscription: 's', caveat: '' },
    ],
    coverage: [coverage({ isLater: true, withoutReceipt: 5, waiting: 2, inFlight: 1_000 })],
  });
  expect(text).not.toContain('\u001b');
  // A name without spaces is not broken in a sentence.
  const lines = text.split('\n').filter((each) => !each.includes('a-very-long-name-of-something-that'));
  for (const each of lines) expect(stringWidth(each)).toBeLessThanOrEqual(80);
  expect(text.replaceAll('\n', ' ')).toContain(
    'later than 2026-08-01T00:00Z: what was settled before is not in',
  );
  expect(text.replaceAll('\n', ' ')).toContain(
    '5 deliveries that may be of that time ended without a receipt',
  );
});

test('nothing known is not the same as no usage', () => {
  const text = textOf({
    lines: [],
    coverage: [coverage(), coverage({ destination: 'new', booksBegin: null, isLater: true })],
  });
  expect(text).toContain('Nothing of acme is in the books of that time, and nothing is dead.');
  expect(text.replaceAll('\n', ' ')).toContain(
    'billing has nothing of that name: who is billed there is what its rules send as subscription.',
  );
  expect(text).toContain('new has no books: nothing here is of it.');
});

test('as CSV a name is one cell, and no formula', () => {
  const lines = [
    line({ code: 'a,"b"\nc', rule: '=1+1', sums: { '@x': '-5', tokens: '1' }, samples: ['m-1', 'm-2'] }),
    line({ sums: {} }),
  ];
  expect(renderCsv({ lines })).toBe(
    `destination,day,code,source,rule,events,late,duplicates,dead,sum of @x,sum of tokens,samples
billing,2026-08-01,"a,""b""
c",backend,'=1+1,12345,0,0,0,-5,1,m-1 m-2
billing,2026-08-01,api_call,backend,api-calls,12345,0,0,0,,,`,
  );
});
