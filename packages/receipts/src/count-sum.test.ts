import { expect, test } from '@jest/globals';
import { parseManifest } from './manifest.js';
import { addCounts } from './reader/add-counts.js';
import type { Receipt } from './receipt.js';
import { ReceiptTally } from './rows/receipt-tally.js';

const ROW = {
  settledAt: 0,
  entry: '1-0',
  position: 0,
  shard: 'lago',
  outcome: 'delivered',
  events: 1,
  source: 'backend',
  acceptedHour: 7,
  event: 'e',
} as const satisfies Receipt;

test.each(['constructor', 'toString', 'valueOf'])('rules and sources may be called %s', (name) => {
  const tally = new ReceiptTally();
  for (const row of [ROW, ROW, { ...ROW, source: name }]) tally.addRow({ ...row, rule: name });
  const file = { ...tally.result(), name: 'lago/00000001.parquet', bytes: 1, sha256: '0'.repeat(64) };
  const text = JSON.stringify({
    format: 1,
    number: 1,
    shard: 'lago',
    files: [file, { ...file, name: 'f' }],
    gaps: [],
  });
  const { files } = parseManifest(text, 'lago', 'manifest.json');
  const of = (events: number) => ({ [name]: { delivered: events } });
  const said = (bucket: string, events: number) => [bucket, Object.entries(of(events))];
  expect(entriesOf(addCounts(files.map(({ counts }) => counts)))).toEqual([
    said('7/backend', 4),
    said(`7/${name}`, 2),
  ]);
});

const entriesOf = (counts: object) =>
  Object.entries(counts).map(([bucket, rules]) => [bucket, Object.entries(rules)]);
