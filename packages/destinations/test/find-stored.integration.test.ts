import { describe, expect, test } from '@jest/globals';
import { startSandbox } from '@meterbridge/sandbox';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { useClosing } from '@meterbridge/testing';
import { createHttpClient } from '../../sender/src/http-client.js';
import { type Asked, compileDestination, destinationKinds, destinationSettingsSchema } from '../src/index.js';

const closing = useClosing();

type Type = 'lago' | 'hyperline';

const rules = {
  lago: [
    { name: 'good', code: { path: 'event' }, subscription: 'userId', properties: { '*': 'properties' } },
    {
      name: 'looks-up',
      code: { path: 'event' },
      subscription: { lookup: 'customer', customer: 'userId' },
      properties: { '*': 'properties' },
    },
  ],
  hyperline: [
    { name: 'good', customer: 'userId', eventType: 'event', record: { id: 'messageId', '*': 'properties' } },
    { name: 'entity', customer: 'userId', eventType: 'event', record: { id: 'userId', '*': 'properties' } },
  ],
};

type OpenOptions = { apiKey?: string; path?: string; store?: 'postgres' | 'clickhouse'; atMost?: number };

async function open(
  type: Type,
  {
    apiKey = 'key',
    path = '',
    store: kind = 'postgres',
    atMost = Number.POSITIVE_INFINITY,
  }: OpenOptions = {},
) {
  const sandbox = await startSandbox({
    lago: {
      apiKey: 'key',
      store: kind,
      metrics: {
        computed: { aggregation: 'sum_agg', field: 'total', expression: 'event.properties.n * 2' },
        'API Call': { aggregation: 'sum_agg', field: 'n' },
      },
      knownSubscriptions: [{ external_id: 'looked-up', external_customer_id: 'c1' }],
    },
    hyperline: { apiKey: 'key' },
  });
  const url = `${sandbox[type].url}${path}`;
  const settings = { type, name: type, url, apiKey, timeoutMs: 1_000, rules: rules[type] };
  const destination = compileDestination(destinationSettingsSchema.parse(settings));
  const http = createHttpClient(destination.connection);
  closing.push(sandbox.close, http.close);
  const ask = (messageId: string, { rule = 'good', olderKinds = [], ...over }: Over = {}): Asked => {
    const event = { type: 'track', messageId, userId: 'u1', event: 'API Call', properties: { n: 1 } };
    const times = { timestamp: at(0), receivedAt: '2026-08-01T00:00:01.000Z' };
    const mapped = destination.map(rule, { ...event, ...times, ...over } as unknown as SegmentEvent);
    if (!mapped.ok) throw new Error(mapped.failure.detail);
    const what = mapped.usage ? { usage: mapped.usage } : { pending: mapped.pending };
    return { ...what, messageId, timestamp: times.timestamp, olderKinds };
  };
  const store = async (...asked: Asked[]) => {
    for (let from = 0; from < asked.length; from += 100) {
      const request = destination.request(asked.slice(from, from + 100).map(({ usage }) => usage!));
      const answer = await http.post(request.path, request.body);
      expect(answer).toMatchObject({ status: expect.any(Number) });
    }
  };
  const reads: string[] = [];
  const find = (...asked: Asked[]) =>
    destinationKinds[type].lookup!.find(
      asked,
      async (read) => {
        if (reads.length >= atMost) return null;
        reads.push(read);
        return http.get(read);
      },
      25,
    );
  return { sandbox, ask, store, find, reads };
}

type Over = { rule?: string; olderKinds?: string[]; [field: string]: unknown };

/** So many milliseconds after the first of August. */
const at = (ms: number) => new Date(Date.UTC(2026, 7, 1) + ms).toISOString();

test('Lago is asked for windows of time: under which subscription and code an id lies, and with what', async () => {
  const { ask, store, find } = await open('lago');
  await store(
    ask('held'),
    ask('ï…?#'),
    ask('a/b'),
    ask('moved', { userId: 'u0' }),
    ask('both', { userId: 'u0' }),
    ask('number', { properties: { n: '1.0', note: null } }),
  );
  await store(ask('both'));
  const cases: [Asked, string][] = [
    [ask('held'), 'same'],
    [ask('ï…?#'), 'same'],
    [ask('a/b'), 'same'],
    [ask('both'), 'same'],
    [ask('number'), 'same'],
    [ask('moved'), 'other_owner'],
    // Under its own subscription it stands as well, and that says most.
    [ask('both', { properties: { n: 2 } }), 'other_content'],
    [ask('held', { event: 'Login' }), 'other_code'],
    [ask('held', { properties: { n: 2 } }), 'other_content'],
    [ask('held', { timestamp: at(5) }), 'other_content'],
    [ask('held', { timestamp: at(-30 * 86_400_000) }), 'other_content'],
    [ask('absent'), 'nothing'],
    [ask('absent/b'), 'nothing'],
  ];
  for (const [asked, stored] of cases)
    expect([asked.messageId, await find(asked)]).toEqual([asked.messageId, { stored: [stored] }]);
});

test('a subscription that is looked up when it is sent is looked up where an id is found', async () => {
  const { ask, store, find, reads, sandbox } = await open('lago');
  const subscriptionReads = () => reads.filter((path) => path.includes('/subscriptions')).length;
  await store(ask('right', { userId: 'looked-up' }), ask('wrong', { userId: 'another' }));
  const pending = { rule: 'looks-up', userId: 'c1' };
  const asked = ['right', 'wrong', 'absent'].map((id) => ask(id, pending));
  asked.push(ask('right', { ...pending, userId: 'unknown' }));
  expect(await find(...asked)).toEqual({ stored: ['same', 'other_owner', 'nothing', 'nothing'] });
  // One read for each customer of what was found.
  expect(subscriptionReads()).toBe(2);
  // One that comes to nothing is the last.
  sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/subscriptions' },
    respond: { status: 500, body: '' },
  });
  expect(await find(...asked)).toEqual({
    stored: ['unasked', 'unasked', 'nothing', 'unasked'],
    problem: expect.stringMatching(/^reading subscriptions: .*500/),
  });
  expect(subscriptionReads()).toBe(3);
});

test('what Lago has computed itself is no other content', async () => {
  const { ask, store, find } = await open('lago');
  const of = (properties: object, event = 'computed') => ask('m', { event, properties });
  // As Lago keeps it, which the sandbox does not compute.
  await store(of({ n: 2, total: '4' }));
  expect(await find(of({ n: 2 }))).toEqual({ stored: ['same'] });
  expect(await find(of({ n: 2, total: 9 }))).toEqual({ stored: ['same'] });
  expect(await find(of({ n: 3 }))).toEqual({ stored: ['other_content'] });
  expect(await find(of({ n: 2, more: 1 }))).toEqual({ stored: ['other_content'] });
  const plain = await open('lago');
  await plain.store(plain.ask('m', { properties: { n: 1, total: 4 } }));
  expect(await plain.find(plain.ask('m'))).toEqual({ stored: ['other_content'] });
});

describe('many', () => {
  const COUNT = 2_500;
  const many = (of: (n: number) => Asked) => Array.from({ length: COUNT }, (_, n) => of(n));

  test.each(['postgres', 'clickhouse'] as const)(
    'few reads tell of all of them at Lago (%s)',
    async (store) => {
      const lago = await open('lago', { store });
      const over = (n: number) => ({ timestamp: at(n * 1_000) });
      await lago.store(...many((n) => lago.ask(`m${n}`, { ...over(n), userId: n % 10 === 0 ? 'u0' : 'u1' })));
      const { stored } = await lago.find(...many((n) => lago.ask(`m${n + 500}`, over(n + 500))));
      expect(stored.slice(0, 2_000)).toEqual(
        Array.from({ length: 2_000 }, (_, n) => (n % 10 === 0 ? 'other_owner' : 'same')),
      );
      expect(new Set(stored.slice(2_000))).toEqual(new Set(['nothing']));
      // Some by their id, and windows.
      expect(lago.reads.length).toBeLessThan(25 + 20);
    },
  );

  test('among many others, what cannot be asked is not taken for absent', async () => {
    const lago = await open('lago', { atMost: 29 });
    await lago.store(...many((n) => lago.ask(`other${n}`, { timestamp: at(n * 10) })));
    await lago.store(...many((n) => lago.ask(`m${n}`, { timestamp: at(n * 1_000) })));
    const { stored, problem } = await lago.find(
      ...many((n) => lago.ask(`m${n}`, { timestamp: at(n * 1_000) })),
    );
    expect(problem).toBeUndefined();
    expect(lago.reads).toHaveLength(29);
    const count = (fate: string) => stored.filter((each) => each === fate).length;
    expect(count('same')).toBeGreaterThan(1_000);
    expect(count('nothing')).toBe(0);
    expect(count('same') + count('unasked')).toBe(COUNT);
  });

  test('ids that lie at other times are found by some of them, and then all are asked for', async () => {
    const lago = await open('lago');
    await lago.store(...many((n) => lago.ask(`m${n}`, { timestamp: at(n) })));
    const later = Array.from({ length: 200 }, (_, n) => lago.ask(`m${n}`, { timestamp: at(86_400_000 + n) }));
    expect(new Set((await lago.find(...later)).stored)).toEqual(new Set(['other_content']));
    const few = await open('lago', { atMost: 60 });
    await few.store(...many((n) => few.ask(`m${n}`, { timestamp: at(n) })));
    const { stored } = await few.find(...later);
    expect(new Set(stored)).toEqual(new Set(['other_content', 'unasked']));
  });

  test('Hyperline is asked for windows as well', async () => {
    const { ask, store, find, reads } = await open('hyperline');
    const over = (n: number) => ({ timestamp: at(n * 1_000) });
    await store(...many((n) => ask(`m${n}`, { ...over(n), userId: n % 10 === 0 ? 'u0' : 'u1' })));
    const { stored } = await find(...many((n) => ask(`m${n + 500}`, over(n + 500))));
    expect(stored.slice(0, 2_000)).toEqual(
      Array.from({ length: 2_000 }, (_, n) => (n % 10 === 0 ? 'other_owner' : 'same')),
    );
    expect(new Set(stored.slice(2_000))).toEqual(new Set(['nothing']));
    expect(reads.length).toBeLessThan(60);
  });
});

test('Hyperline is asked under the event types of now and of before', async () => {
  const { ask, store, find } = await open('hyperline');
  await store(
    ask('held'),
    ask('a&b c'),
    ask('moved', { userId: 'u0' }),
    ask('old', { event: 'Old' }),
    ask('e1', { rule: 'entity', userId: 'entity' }),
  );
  const cases: [Asked, string][] = [
    [ask('held'), 'same'],
    [ask('a&b c'), 'same'],
    [ask('moved'), 'other_owner'],
    [ask('held', { properties: { n: 2 } }), 'other_content'],
    [ask('held', { timestamp: at(86_400_000) }), 'other_content'],
    [ask('held', { timestamp: at(-86_400_000) }), 'other_content'],
    [ask('old', { olderKinds: ['Old'] }), 'other_code'],
    // Nobody says that it may lie there.
    [ask('old'), 'nothing'],
    [ask('held', { olderKinds: ['Old'] }), 'same'],
    [ask('absent', { olderKinds: ['Old'] }), 'nothing'],
    // A version of another time takes its place, or has no effect, as it should.
    [ask('e2', { rule: 'entity', userId: 'entity', timestamp: at(9) }), 'nothing'],
    [ask('e2', { rule: 'entity', userId: 'entity', timestamp: at(-9) }), 'nothing'],
    [ask('e1', { rule: 'entity', userId: 'entity' }), 'same'],
    // Commas divide a list of ids: by its time alone.
    [ask('a,b'), 'nothing'],
  ];
  for (const [asked, stored] of cases)
    expect([asked.messageId, await find(asked)]).toEqual([asked.messageId, { stored: [stored] }]);
});

test("Hyperline's list may call a customer by another id than it was sent by", async () => {
  const { ask, store, find, sandbox } = await open('hyperline');
  await store(ask('m1'), ask('m2'));
  const listed = {
    id: 'evt_1',
    event_type: 'API Call',
    timestamp: at(0),
    customer_id: 'cus_1',
    record: { n: 1 },
  };
  const shown = ['m1', 'm2'].map((record_id) => ({ ...listed, record_id }));
  // By id, by time, and then under the customer that was meant.
  const answers = [shown, shown, shown.slice(0, 1)];
  sandbox.hyperline.faults.set(
    answers.map((data) => ({ respond: { status: 200, body: { meta: { total: data.length }, data } } })),
  );
  expect(await find(ask('m1'), ask('m2'))).toEqual({ stored: ['same', 'same'] });
  // Where that cannot be asked any more, nobody says that it is another's.
  const few = await open('hyperline', { atMost: 2 });
  few.sandbox.hyperline.faults.set(
    answers.map((data) => ({ respond: { status: 200, body: { meta: { total: data.length }, data } } })),
  );
  expect(await few.find(ask('m1'), ask('m2'))).toEqual({ stored: ['unasked', 'unasked'] });
});

test.each<Type>(['lago', 'hyperline'])('%s that refuses, or is not there, is no answer', async (type) => {
  const refusing = await open(type, { apiKey: 'wrong' });
  expect(await refusing.find(refusing.ask('m'))).toEqual({
    stored: ['unasked'],
    problem: 'the API key is refused (HTTP 401)',
  });
  const elsewhere = await open(type, { path: '/elsewhere' });
  expect(await elsewhere.find(elsewhere.ask('m'))).toEqual({
    stored: ['unasked'],
    problem: expect.stringContaining('HTTP 404'),
  });
  const gone = await open(type);
  await gone.sandbox.close();
  expect(await gone.find(gone.ask('m'))).toEqual({
    stored: ['unasked'],
    problem: expect.stringContaining('no answer'),
  });
});

test.each<[Type, string, object]>([
  ['lago', 'm', { event: { transaction_id: 'another', timestamp: at(0) } }],
  // Asked for by its time alone.
  ['lago', 'a/b', { events: [{ transaction_id: 'm', timestamp: at(9_000_000) }], meta: { next_page: null } }],
  ['lago', 'a/b', { events: [], meta: { next_page: 2 } }],
  ['hyperline', 'm', { data: [{ record_id: 'another', timestamp: at(0), customer_id: 'u1' }] }],
  ['hyperline', 'm', { data: 'none' }],
])('%s, asked for %s: an answer to another question is none: %j', async (type, id, body) => {
  const { ask, find, sandbox } = await open(type, { atMost: 20 });
  sandbox[type].faults.add({ times: 'always', respond: { status: 200, body } });
  expect(await find(ask(id), ask('c/d,e'))).toEqual({
    stored: ['unasked', 'unasked'],
    problem: 'the answer does not hold the events that were asked for',
  });
});
