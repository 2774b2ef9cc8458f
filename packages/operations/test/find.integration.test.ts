import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { HYPERLINE_KEY, LAGO_KEY } from '@meterbridge/testing/sample-config';
import { START } from '../../receipts/test/a-store.js';
import { type FoundEvent, findEvent } from '../src/index.js';
import { useBooks } from './use-books.js';

/* Books on disk, and stand-ins that hold what they were sent or something else. */

const suite = useRedis();
const books = useBooks(() => suite.url, { metrics: { 'API Call': { aggregation: 'count_agg' } } });

/** Has an API hold what the books say that it was sent under an id, but for a change. */
async function hold(api: 'lago' | 'hyperline', id: string, change: object = {}): Promise<void> {
  const { store, sandbox } = books();
  const reader = await store.open(api);
  const [receipt] = await reader.find(id);
  await reader.close();
  const event = { ...JSON.parse(receipt!.usage!), ...change };
  const [path, body, key] =
    api === 'lago'
      ? ['/api/v1/events/batch', { events: [event] }, LAGO_KEY]
      : ['/v1/events', event, HYPERLINE_KEY];
  const answer = await fetch(`${sandbox[api].url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
  expect(answer.ok).toBe(true);
}

async function find(id: string, options: { offline?: boolean } = {}): Promise<FoundEvent> {
  return findEvent(await books().operations(), { id, ...options }, books().store);
}

/** What each API holds, by the fields that differ. */
const heldOf = ({ held }: FoundEvent) =>
  held.map(({ destination, rows, problem }) => [destination, problem ?? rows.map(({ fields }) => fields)]);

test('what an API holds is what was sent, something else or nothing, also where no path can hold the id', async () => {
  const ids = ['same', 'other', 'gone', 'with/slash'];
  await books().keep(
    'lago',
    ids.map((id) => ({ id })),
  );
  await books().keep('lago@1', [{ id: 'same' }], [['duplicate', 1]]);
  await hold('lago', 'same');
  await hold('lago', 'with/slash');
  await hold('lago', 'other', { properties: { thing: 'altered' } });
  const same = await find('same');
  expect(heldOf(same)).toEqual([['lago', [[]]]]);
  expect(same.deliveries.map(({ outcome }) => outcome)).toEqual(['delivered', 'duplicate']);
  expect(heldOf(await find('other'))).toEqual([['lago', [['properties.thing']]]]);
  expect(heldOf(await find('gone'))).toEqual([['lago', []]]);
  expect(heldOf(await find('with/slash'))).toEqual([['lago', [[]]]]);
  expect((await find('same', { offline: true })).held).toEqual([]);
});

test('each version of a record that was sent is told, and which of them is in effect', async () => {
  const versions = [1, 2].map((at) => ({
    id: `m${at}`,
    at: START + at,
    properties: { thing: 'record', at },
  }));
  await books().keep('hyperline', [versions[0]!]);
  await books().keep('hyperline', [versions[1]!]);
  await hold('hyperline', 'm1');
  await hold('hyperline', 'm2');
  const found = await find('record');
  expect(found.deliveries.map(({ messageId }) => messageId)).toEqual(['m1', 'm2']);
  expect(heldOf(found)).toEqual([['hyperline', [[]]]]);
  expect(found.held[0]!.rows[0]!.time).toBe(new Date(START + 2).toISOString());
  expect((await find('m1')).held).toMatchObject([{ rows: [{ isNewer: true }] }]);
});

test('a request that has brought much, and a destination that is configured no more', async () => {
  const many = Array.from({ length: 25 }, (_, index) => ({ id: `m-${index}`, request: 'r-1' }));
  await books().keep('lago', many);
  await books().keep('former', [{ id: 'm-0', request: 'r-1' }]);
  const found = await find('r-1');
  expect(found.deliveries).toHaveLength(26);
  expect([found.held.length, found.notAsked]).toEqual([20, 6]);
  const { deliveries, held } = await find('m-0');
  expect(deliveries.map(({ destination }) => destination)).toEqual(['lago', 'former']);
  expect(held).toMatchObject([{ rows: [] }, { problem: 'it is configured no more' }]);
});

test('an API that does not answer hides nothing of the books', async () => {
  await books().keep('lago', [{ id: 'a' }]);
  await books().sandbox.close();
  const { deliveries, held } = await find('a');
  expect(deliveries).toMatchObject([{ destination: 'lago', sent: { transaction_id: 'a' } }]);
  expect(held).toMatchObject([{ problem: expect.stringMatching(/^Lago did not say what it holds: /) }]);
});

test('of what is unknown it says since when there are books', async () => {
  await books().keep('lago', [{ id: 'a' }]);
  const { deliveries, places } = await find('b');
  expect(deliveries).toEqual([]);
  const begin = new Date(books().lastAt()).toISOString();
  expect(places.find(({ destination }) => destination === 'lago')).toMatchObject({
    booksBegin: begin,
    inFlight: 0,
    waiting: 0,
  });
  expect(places.find(({ destination }) => destination === 'hyperline')).toMatchObject({ booksBegin: null });
});
