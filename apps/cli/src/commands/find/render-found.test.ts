import { expect, test } from '@jest/globals';
import type { FoundDelivery, FoundEvent, FoundPlace } from '@meterbridge/operations';
import stringWidth from 'fast-string-width';
import { unstyled } from '../../terminal/style.js';
import { renderFound } from './render-found.js';

const delivery = (change: Partial<FoundDelivery> = {}): FoundDelivery => ({
  destination: 'billing',
  outcome: 'delivered',
  messageId: 'm-1',
  event: 'API Call',
  time: '2026-08-01T14:00:00.000Z',
  source: 'backend',
  request: 'r-1',
  acceptedHour: '2026-08-01T14:00:00.000Z',
  settled: '2026-08-01T14:00:05.000Z',
  attempts: 1,
  rule: 'calls',
  rules: 'v1',
  code: 'api_call',
  usageId: 'm-1',
  owner: 'sub-1',
  sent: { transaction_id: 'm-1' },
  waits: false,
  ...change,
});

const place = (change: Partial<FoundPlace> = {}): FoundPlace => ({
  destination: 'billing',
  inFlight: 0,
  waiting: 0,
  waitingSince: null,
  booksBegin: '2026-07-01T00:00:00.000Z',
  withoutReceipt: 0,
  ...change,
});

const found = (change: Partial<FoundEvent> = {}): FoundEvent => ({
  id: 'm-1',
  deliveries: [],
  deadLetters: [],
  held: [],
  notAsked: 0,
  places: [place()],
  ...change,
});

const textOf = (change: Partial<FoundEvent>, offline = false) =>
  unstyled(renderFound(found(change), 80, { offline }));
const wordsOf = (change: Partial<FoundEvent>) => textOf(change).replaceAll(/\s+/g, ' ');

const row = {
  row: 'row-1',
  code: 'api_call',
  owner: 'sub-1',
  time: '2026-08-01T14:00:00.000Z',
  isNewer: false,
};
const held = (change: object) => ({
  destination: 'billing',
  code: 'api_call',
  usageId: 'm-1',
  rows: [],
  ...change,
});

test.each([
  [held({ rows: [{ ...row, fields: [] }] }), 'm-1: what was sent, as row-1 of sub-1'],
  [
    held({ rows: [{ ...row, fields: ['code'] }] }),
    'm-1: something else, as row-1 of sub-1, 2026-08-01T14:00:00.000Z: code',
  ],
  [held({ rows: [{ ...row, fields: null }] }), '; nobody knows whether it is what was sent'],
  [
    held({ rows: [{ ...row, fields: ['timestamp'], isNewer: true }] }),
    'm-1: a newer version of the record, as row-1',
  ],
  [held({}), 'm-1: nothing'],
  [held({ problem: 'it is away' }), 'm-1: not known: it is away'],
])('what is there now: %j', (usage, words) => {
  expect(wordsOf({ deliveries: [delivery()], held: [usage] })).toContain(words);
});

test('what is unknown says where it can be', () => {
  const busy = place({
    inFlight: 1_200,
    waiting: 3,
    waitingSince: '2026-08-01T14:00:00.000Z',
    withoutReceipt: 7,
  });
  const words = wordsOf({ places: [busy, place({ destination: 'new', booksBegin: null })] });
  expect(words).toContain('Nothing is known of m-1.');
  expect(words).toContain('in flight to billing: 1,200 deliveries wait or are on their way');
  expect(words).toContain('7 deliveries ended without a receipt');
  expect(words).toContain('older than the books of billing, which begin 2026-07-01T00:00Z');
  expect(words).toContain('3 settlements to billing that wait for the archivist since 2026-08-01T14:00:00Z');
  expect(words).toContain('of a time of which there are no books: new has none');
});

test('much of it is shortened, fits 80 columns but for JSON to be copied, and commands no terminal', () => {
  const hostile = 'of \u001b[2J many words '.repeat(20);
  const deliveries = Array.from({ length: 14 }, () =>
    delivery({ event: hostile, rule: hostile, sent: undefined }),
  );
  const text = textOf({ deliveries, held: [held({ usageId: hostile, problem: hostile })], notAsked: 9 });
  expect(text).toContain('… and 4 more deliveries (--json has them all)');
  expect(text).toContain('of 9 more the APIs were not asked');
  expect(text).not.toContain('\u001b');
  for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  expect(textOf({ deliveries: [delivery()] }, true)).toContain(
    'No API was asked what it holds now (--offline).',
  );
});
