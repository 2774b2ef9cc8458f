import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readManifest, writeManifest } from '@meterbridge/receipts';
import { useRedis } from '@meterbridge/testing';
import { START } from '../../receipts/test/a-store.js';
import { type ExplainQuestion, explainUsage } from '../src/index.js';
import { useBooks } from './use-books.js';

const DAY_MS = 24 * 3_600_000;
const SPAN = { from: START, to: START + 2 * DAY_MS };

const suite = useRedis();
const subscriptions = [{ external_id: 'acme', external_customer_id: 'cus-1' }, 'sub-2'];
const books = useBooks(() => suite.url, {
  knownSubscriptions: subscriptions,
  metrics: { 'API Call': { aggregation: 'count_agg' } },
});

const explain = async (question: Partial<ExplainQuestion> = {}) =>
  explainUsage(
    await books().operations(),
    { customer: 'acme', span: SPAN, offline: true, ...question },
    books().store,
  );

test('usage of all destinations, with samples, and of one of them alone', async () => {
  const tokens = (id: string, at = START) => ({ id, at, properties: { tokens: 5 } });
  await books().keep('lago', [tokens('a'), tokens('b'), tokens('c', START + DAY_MS)]);
  await books().keep('lago@1', [tokens('a')], [['duplicate', 1]]);
  await books().keep('hyperline', [tokens('d'), { ...tokens('e'), user: 'other' }]);
  const { lines } = await explain({ samples: 1 });
  expect(lines).toMatchObject([
    { destination: 'hyperline', day: '2026-11-01', events: 1, samples: ['d'] },
    {
      destination: 'lago',
      day: '2026-11-01',
      events: 2,
      duplicates: 1,
      sums: { tokens: '10' },
      samples: ['a'],
    },
    { destination: 'lago', day: '2026-11-02', events: 1, sums: { tokens: '5' }, dead: 0 },
  ]);
  const one = await explain({ destination: 'hyperline' });
  expect(one.lines.map(({ destination }) => destination)).toEqual(['hyperline']);
  expect(one.coverage).toHaveLength(1);
  await expect(explain({ destination: 'nobody' })).rejects.toMatchObject({ code: 'unknown_destination' });
});

test('books that begin later than asked, and gaps that may be of the span, are told', async () => {
  await books().keep('lago', [{ id: 'a' }]);
  const gap = { deliveries: 3, filtered: 0 };
  const gaps = [
    { ...gap, bucket: '1/web', eventFrom: START, eventTo: START },
    { ...gap, bucket: '2/web', eventFrom: START - 2, eventTo: START - 1 },
    { ...gap, bucket: '3/web' },
  ];
  const folder = join(books().dir, 'lago');
  await writeManifest(folder, { ...(await readManifest(folder, 'lago')), gaps });
  const coverageOf = async (from: number) =>
    (await explain({ span: { from, to: SPAN.to } })).coverage.find(
      ({ destination }) => destination === 'lago',
    );
  expect(await coverageOf(START)).toMatchObject({
    booksBegin: new Date(books().lastAt()).toISOString(),
    isLater: true,
    withoutReceipt: 6,
  });
  expect(await coverageOf(books().lastAt())).toMatchObject({ isLater: false, withoutReceipt: 3 });
});

test('what an API says of now stands beside it, for the subscriptions that were sent', async () => {
  const resolved = { customer: 'acme', subscription: 'sub-2' };
  await books().keep('lago', [{ id: 'a' }, { id: 'b', rule: 'found', resolved }]);
  const { now } = await explain({ offline: false });
  expect(now).toMatchObject([
    {
      destination: 'lago',
      subscription: 'acme',
      customer: 'cus-1',
      usage: { lines: [{ code: 'API Call' }] },
    },
    { destination: 'lago', subscription: 'sub-2', customer: 'acme', problem: expect.stringContaining('404') },
  ]);
  await books().sandbox.close();
  const { lines, now: silent } = await explain({ offline: false });
  expect(lines).toHaveLength(2);
  expect(silent).toMatchObject([{ problem: expect.any(String) }, { problem: expect.any(String) }]);
});
