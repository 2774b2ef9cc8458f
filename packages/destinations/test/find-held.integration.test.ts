import { expect, test } from '@jest/globals';
import { type Sandbox, startSandbox } from '@meterbridge/sandbox';
import { useClosing } from '@meterbridge/testing';
import { createHttpClient } from '../../sender/src/http-client.js';
import { destinationKinds, type Held, type ToldDuplicate } from '../src/index.js';

/* What Lago holds under the ids that it calls duplicates, asked for over HTTP. */

const closing = useClosing();
const { find, compare } = destinationKinds.lago.held!;

type Sent = {
  transaction_id: string;
  external_subscription_id: string;
  code: string;
  timestamp: string;
  properties: Record<string, unknown>;
};

const BEGAN = 1_795_000_000;

/** @param second behind `BEGAN` */
function anEvent(id: string, subscription: string, second: number, tokens = 1): Sent {
  return {
    transaction_id: id,
    external_subscription_id: subscription,
    code: 'calls',
    timestamp: (BEGAN + second).toFixed(3),
    properties: { tokens },
  };
}

const count = (number: number, make: (index: number) => Sent) =>
  Array.from({ length: number }, (_, index) => make(index));

async function openLago(held: Sent[]) {
  const sandbox: Sandbox = await startSandbox({
    lago: {
      apiKey: 'key',
      store: 'postgres',
      maxBatch: 10_000,
      metrics: {
        computed: { aggregation: 'sum_agg', field: 'total', expression: 'event.properties.tokens * 2' },
        calls: { aggregation: 'sum_agg', field: 'tokens' },
      },
    },
    hyperline: { apiKey: 'key' },
  });
  closing.push(() => sandbox.close());
  const http = createHttpClient({
    baseUrl: sandbox.lago.url,
    headers: { authorization: 'Bearer key' },
    timeoutMs: 5_000,
  });
  closing.push(() => http.close());
  const answer = await http.post('/api/v1/events/batch', JSON.stringify({ events: held }));
  expect(answer).toMatchObject({ status: 200 });
  const paths: string[] = [];
  return {
    sandbox,
    paths,
    /** What is held for each, in a word: its tokens, `nothing`, or `unknown`; and after how many requests. */
    async ask(sent: Sent[], mostReads = 100) {
      paths.length = 0;
      let waits = 0;
      const found: Held[] = sent.map(() => ({ held: 'unknown' }));
      const duplicates = sent.map((each): ToldDuplicate => ({ rule: 'r', body: JSON.stringify(each) }));
      const asking = {
        async get(path: string) {
          if (paths.length >= mostReads) return null;
          paths.push(path);
          return http.get(path);
        },
        async whenCertain() {
          waits += 1;
        },
      };
      await find(asking, duplicates, (index, held) => {
        found[index] = held;
      });
      const differing = found.map((held, index) =>
        held.held === 'event' ? compare(duplicates[index]!.body, held) : null,
      );
      const words = found.map((held) =>
        held.held === 'event' ? String(JSON.parse(held.body).properties.tokens) : held.held,
      );
      return { words, requests: paths.length, waits, differing };
    },
  };
}

test('repeats of one moment take one request, however many subscriptions they have', async () => {
  const held = count(900, (index) => anEvent(`m-${index}`, `sub-${index % 300}`, index / 10, index));
  const lago = await openLago(held);
  const { words, requests } = await lago.ask(held);
  expect(words).toEqual(held.map(({ properties }) => String(properties.tokens)));
  expect(requests).toBe(1);
});

test('of a window that turns out to be full only what is wanted is read', async () => {
  // 6,000 events in 10 minutes; wanted are two moments of one subscription and one of another.
  const noise = count(6_000, (index) => anEvent(`n-${index}`, `noise-${index % 7}`, index / 10));
  const wanted = [anEvent('a-1', 'a', 0, 1), anEvent('a-2', 'a', 600, 2), anEvent('b-1', 'b', 600, 3)];
  const lago = await openLago([...noise, ...wanted]);
  const { words, requests } = await lago.ask(wanted);
  expect(words).toEqual(['1', '2', '3']);
  expect(requests).toBeLessThanOrEqual(4);
});

test('pages are read to the end where all of them are wanted', async () => {
  const held = count(2_500, (index) => anEvent(`m-${index}`, 'sub', index / 100, index));
  const lago = await openLago(held);
  const { words, requests } = await lago.ask(held);
  expect(words).toEqual(held.map((_, index) => String(index)));
  expect(requests).toBe(3);
});

test('an id that is used twice is found at whatever time its event is', async () => {
  const held = count(500, (index) => anEvent(`m-${index}`, 'sub', -86_400 - index, index));
  const lago = await openLago([...held, anEvent('alone', 'other', -5, 7)]);
  const again = held.map((each, index) => ({ ...each, timestamp: (BEGAN + index).toFixed(3) }));
  const { words, requests } = await lago.ask([...again, anEvent('alone', 'other', 3)]);
  expect(words).toEqual([...held.map((_, index) => String(index)), '7']);
  expect(requests).toBeLessThanOrEqual(3);
});

test('an id with a slash, and one with other strange characters, are found', async () => {
  const ids = ['a/b', 'a b?c=d&é', 'a%2Fb'];
  const lago = await openLago(ids.map((id, index) => anEvent(id, 'sub/é&1', -900 * index, index)));
  const { words } = await lago.ask(ids.map((id) => anEvent(id, 'sub/é&1', 9)));
  expect(words).toEqual(['0', '1', '2']);
});

test('gone is what Lago says twice, and a moment later, that it has not: never what is only missing in a list', async () => {
  const held = count(5, (index) => anEvent(`m-${index}`, 'sub', index, index));
  const lago = await openLago(held);
  lago.sandbox.lago.softDelete('m-2');
  const { words, waits } = await lago.ask(held);
  expect(words).toEqual(['0', '1', 'nothing', '3', '4']);
  expect(waits).toBe(1);
  expect(lago.paths.slice(-2)).toEqual(Array(2).fill('/api/v1/events/m-2'));
  // Once is not enough, and no answer is none.
  for (const mostReads of [1, 2]) {
    expect((await lago.ask(held, mostReads)).words).toEqual(['0', '1', 'unknown', '3', '4']);
  }
});

test('what is listed late is found by then', async () => {
  const held = anEvent('m-1', 'sub', 0, 5);
  const lago = await openLago([held]);
  const empty = { events: [], meta: { current_page: 0, total_pages: 0, total_count: 0 } };
  const { faults } = lago.sandbox.lago;
  faults.add({ match: { path: '/api/v1/events', method: 'GET' }, respond: { status: 200, body: empty } });
  const absent = { status: 404, error: 'Not Found', code: 'event_not_found' };
  faults.add({ match: { path: '/api/v1/events/m-1' }, respond: { status: 404, body: absent } });
  expect((await lago.ask([held])).words).toEqual(['5']);
});

test('an id under another subscription says nothing of this one', async () => {
  const lago = await openLago([anEvent('m-1', 'sub-1', 0, 1)]);
  expect((await lago.ask([anEvent('m-1', 'sub-2', 0)])).words).toEqual(['unknown']);
});

test('a list that ignores the filter is no answer', async () => {
  const held = [anEvent('m-1', 'sub-1', 0, 1), anEvent('m-2', 'sub-2', 5_000, 2)];
  const lago = await openLago(held);
  const all = {
    events: lago.sandbox.lago.events(),
    meta: { current_page: 1, total_pages: 1, total_count: 2 },
  };
  lago.sandbox.lago.faults.add({
    times: 'always',
    match: { method: 'GET' },
    respond: { status: 200, body: all },
  });
  expect((await lago.ask([held[0]!])).words).toEqual(['unknown']);
});

test('several duplicates of one key are told at once; what has no turn is unknown', async () => {
  const held = count(3, (index) => anEvent(`m-${index}`, `sub-${index}`, -7_300 * index, index));
  const lago = await openLago(held);
  expect((await lago.ask([held[0]!, held[1]!, held[0]!])).words).toEqual(['0', '1', '0']);
  const { words, requests } = await lago.ask(held, 2);
  expect(words.filter((word) => word === 'unknown')).toHaveLength(1);
  expect(requests).toBe(2);
  expect((await lago.ask(held, 0)).words).toEqual(Array(3).fill('unknown'));
  expect(await lago.ask([])).toMatchObject({ words: [], requests: 0 });
});

test('what Lago has computed itself is no other content; where its metrics cannot be read, nobody knows', async () => {
  const sent = (tokens: number, more: object = {}, code = 'computed') => {
    const event = anEvent(`m-${tokens}`, 'sub', tokens, tokens);
    return { ...event, code, properties: { ...event.properties, ...more } };
  };
  // As Lago keeps it, which the sandbox does not compute.
  const held = [
    sent(1, { total: '2' }),
    sent(2, { total: '4' }),
    sent(3, { total: '6' }),
    sent(4, { total: 8 }, 'calls'),
    sent(5, { total: '10', model: 'a' }),
  ];
  const lago = await openLago(held);
  const again = [sent(1), sent(2, { total: 9 }), { ...sent(3), code: 'calls' }, sent(4, {}, 'calls')];
  const another = sent(5, { model: 'b' });
  const { differing, requests } = await lago.ask([...again, another]);
  expect(differing).toEqual([[], [], ['code'], ['properties.total'], ['properties.model']]);
  expect(requests).toBe(2);
  // For one whose code differs as well it says nothing of the property.
  const forbidden = { status: 403, body: { status: 403, error: 'Forbidden' } };
  lago.sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/billable_metrics' },
    respond: forbidden,
  });
  expect((await lago.ask(again)).differing).toEqual([null, null, ['code', 'properties.total'], null]);
  // Nor of two, of which it computes one at most.
  expect((await lago.ask([another])).differing).toEqual([['properties.model', 'properties.total']]);
  expect((await lago.ask(held)).differing).toEqual([[], [], [], [], []]);
  // At another time it is another event, and nobody has to ask.
  const later = again.map((each) => ({ ...each, timestamp: (BEGAN + 9).toFixed(3) }));
  expect((await lago.ask(later)).differing.every((fields) => fields?.includes('timestamp'))).toBe(true);
});

test('metrics do not wait behind all that is read', async () => {
  const held = count(6, (index) => anEvent(`m-${index}`, 'sub', -7_300 * index, index));
  // So much lies between them that each has to be read by itself.
  const noise = count(9_000, (index) => anEvent(`n-${index}`, 'sub', -4 * index - 2));
  const lago = await openLago([...held, ...noise]);
  const many = count(12, (index) =>
    anEvent(`m-${index % 6}`, `sub${index < 6 ? '' : '-2'}`, -7_300 * (index % 6), 7),
  );
  await lago.ask(many);
  expect(lago.paths.findIndex((path) => path.includes('billable_metrics'))).toBe(0);
});
