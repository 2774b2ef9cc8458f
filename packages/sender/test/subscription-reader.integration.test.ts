import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { gateAfterRefusal, PROBE_INTERVAL_MS } from '@meterbridge/delivery';
import { type LagoSubscription, startSandbox } from '@meterbridge/sandbox';
import { createMemoryGateStore, useClosing, waitFor } from '@meterbridge/testing';
import { lagoSubscriptions } from '../../destinations/src/lago/subscriptions.js';
import { createHttpClient, READS_WAY, type SubscriptionCache, SubscriptionReader } from '../src/index.js';
import { openLimiter } from './held-limiter.js';

const closing = useClosing();

const PATH = '/api/v1/subscriptions';
const FORBIDDEN = { status: 403, body: { status: 403, error: 'Forbidden', code: 'read_action_not_allowed' } };

async function open(subscriptions: LagoSubscription[], timeoutMs = 5_000) {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'clickhouse', knownSubscriptions: subscriptions },
    hyperline: { apiKey: 'key' },
  });
  closing.push(() => sandbox.close());
  const headers = { authorization: 'Bearer key' };
  const http = createHttpClient({ baseUrl: sandbox.lago.url, headers, timeoutMs });
  closing.push(() => http.close());
  const clock = { skipMs: 0 };
  const texts = new Map<string, { text: string; until: number }>();
  const now = () => Date.now() + clock.skipMs;
  const cache: SubscriptionCache = {
    read: async (customers) =>
      new Map(
        customers.flatMap((customer) => {
          const kept = texts.get(customer);
          return kept && kept.until > now() ? [[customer, kept.text] as const] : [];
        }),
      ),
    async write(customer, text, forMs) {
      texts.set(customer, { text, until: now() + forMs });
    },
  };
  const gate = createMemoryGateStore();
  const limiter = openLimiter();
  const another = (): SubscriptionReader =>
    new SubscriptionReader({
      subscriptions: lagoSubscriptions,
      get: http.get,
      limiter,
      gate,
      cache,
      now,
      random: () => 0.5,
    });
  const reader = another();
  const ask = (...customers: string[]) =>
    Promise.all(reader.resolve(customers.map((customer) => ({ customer, at: now() }))));
  const reads = () => sandbox.lago.inspect().requests;
  return { sandbox, reader, another, ask, reads, clock, gate, limiter, cache, now };
}

const of = (customer: string, id: string, over: Partial<LagoSubscription> = {}): LagoSubscription => ({
  external_id: id,
  external_customer_id: customer,
  ...over,
});
const found = (subscription: string) => ({ outcome: 'found', subscription, fate: 'open' });

function monthAfter(at: number) {
  const date = new Date(at);
  return { nextMonthMs: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) };
}

test('a thousand questions about two customers are two reads, and an answer each', async () => {
  const { ask, reads } = await open([of('c1', 's1'), of('c2', 's2')]);
  const customers = Array.from({ length: 1_000 }, (_, index) => (index % 2 ? 'c1' : 'c2'));
  const answers = await ask(...customers);
  expect(answers).toEqual(customers.map((customer) => found(customer === 'c1' ? 's1' : 's2')));
  expect(reads()).toBe(2);
  await ask('c1', 'c2');
  expect(reads()).toBe(2);
});

test('what another worker reads while this one waits for its permit is not read again', async () => {
  const { ask, another, reads, limiter, now } = await open([of('c1', 's1')]);
  limiter.hold();
  const first = ask('c1');
  const second = Promise.all(another().resolve([{ customer: 'c1', at: now() }]));
  await waitFor(() => limiter.asked === 2, { what: 'both to ask for a permit' });
  limiter.releaseOne();
  expect(await Promise.race([first, second])).toEqual([found('s1')]);
  limiter.release();
  expect(await Promise.all([first, second])).toEqual([[found('s1')], [found('s1')]]);
  expect(reads()).toBe(1);
});

test('a yes is believed for five minutes, a no for ten seconds', async () => {
  const subscriptions = [of('c1', 's1')];
  const { ask, reads, clock } = await open(subscriptions);
  expect(await ask('c1', 'c2')).toEqual([
    found('s1'),
    expect.objectContaining({ outcome: 'failed', code: 'no_subscription' }),
  ]);
  expect(reads()).toBe(2);

  subscriptions.splice(0, 1, of('c1', 's1-new'), of('c2', 's2'));
  clock.skipMs += 9_000;
  expect(await ask('c1', 'c2')).toMatchObject([found('s1'), { code: 'no_subscription' }]);
  expect(reads()).toBe(2);
  clock.skipMs += 1_000;
  expect(await ask('c1', 'c2')).toEqual([found('s1'), found('s2')]);
  expect(reads()).toBe(3);
  clock.skipMs += 5 * 60_000;
  expect(await ask('c1')).toEqual([found('s1-new')]);
  expect(reads()).toBe(4);
});

test('an event of another time than what is kept covers is asked for anew, ten seconds later', async () => {
  const subscriptions = [of('c1', 's1', { started_at: '2026-08-01T00:00:00.000Z' })];
  const { reader, reads, clock } = await open(subscriptions);
  const askAt = async (time: string) =>
    (await Promise.all(reader.resolve([{ customer: 'c1', at: Date.parse(time) }])))[0];
  expect(await askAt('2026-08-02T00:00:00Z')).toMatchObject({ outcome: 'found', subscription: 's1' });
  expect(await askAt('2026-07-31T00:00:00Z')).toMatchObject({ code: 'no_subscription' });
  subscriptions.splice(0, 1, of('c1', 's1', { started_at: '2026-07-01T00:00:00.000Z' }));
  clock.skipMs += 10_000;
  expect(await askAt('2026-07-31T00:00:00Z')).toMatchObject({ outcome: 'found', subscription: 's1' });
  expect(reads()).toBe(2);
});

test('what was read is read again once its open period is over, and what is late is found so', async () => {
  const { reader, reads, clock, now } = await open([of('c1', 's1')]);
  const ask = (at: number) => Promise.all(reader.resolve([{ customer: 'c1', at }]));
  const asked = now();
  expect(await ask(asked)).toEqual([found('s1')]);
  const { nextMonthMs } = monthAfter(asked);
  clock.skipMs += nextMonthMs - 1_000 - now();
  await ask(asked);
  clock.skipMs += 1_001;
  await ask(asked);
  // The sandbox is still in the month before: what it says is believed for ten seconds.
  await ask(asked);
  expect(reads()).toBe(3);
});

test('several are refused, on all pages', async () => {
  const many = Array.from({ length: 250 }, (_, index) =>
    of('c1', `old-${index}`, { status: 'terminated', terminated_at: '2021-01-01T00:00:00.000Z' }),
  );
  const subscriptions = [...many, of('c1', 's1')];
  const { ask, reads, clock } = await open(subscriptions);
  expect(await ask('c1')).toEqual([found('s1')]);
  expect(reads()).toBe(3);
  subscriptions.push(of('c1', 's2'));
  clock.skipMs += 5 * 60_000;
  expect(await ask('c1')).toMatchObject([{ outcome: 'failed', code: 'several_subscriptions' }]);
});

test('trouble is the outcome of those who asked, and the next ones ask again', async () => {
  const { ask, sandbox } = await open([of('c1', 's1')]);
  sandbox.lago.faults.add({ match: { path: PATH }, respond: { status: 503, body: {} } });
  expect(await ask('c1', 'c1')).toMatchObject([
    { outcome: 'suspected', code: 'server_error', status: 503, of: 1 },
    { outcome: 'suspected', code: 'server_error', status: 503, of: 1 },
  ]);
  expect(await ask('c1')).toEqual([found('s1')]);
});

test('a cache that cannot be read or written costs reads and nothing else', async () => {
  const { ask, cache, reads } = await open([of('c1', 's1')]);
  cache.read = async () => Promise.reject(new Error('away'));
  cache.write = async () => Promise.reject(new Error('away'));
  expect(await ask('c1', 'c1')).toEqual([found('s1'), found('s1')]);
  expect(reads()).toBe(1);
  cache.read = async () => new Map([['c1', 'not JSON']]);
  expect(await ask('c1')).toEqual([found('s1')]);
  expect(reads()).toBe(2);
});

test('a 429 is waited for as told, and costs nobody an attempt', async () => {
  const { ask, sandbox, gate, now } = await open([of('c1', 's1')]);
  sandbox.lago.faults.add({
    match: { path: PATH },
    respond: { status: 429, headers: { 'X-RateLimit-Reset': '2' }, body: {} },
  });
  const asked = now();
  expect(await ask('c1')).toEqual([found('s1')]);
  expect(gate.current().pausedUntil).toBeGreaterThanOrEqual(asked + 2_000);
  expect(now()).toBeGreaterThanOrEqual(gate.current().pausedUntil);
});

test('a key that may not read holds what asks, and a probe a minute finds out', async () => {
  const { ask, sandbox, gate, clock, reads } = await open([of('c1', 's1'), of('c2', 's2')]);
  sandbox.lago.faults.add({ times: 'always', match: { path: PATH }, respond: FORBIDDEN });
  const first = ask('c1');
  await waitFor(() => gate.current().hold !== null, { what: 'the hold' });
  const waiting = Promise.all([first, ask('c2')]);
  expect(gate.current().hold).toMatchObject({
    code: 'forbidden',
    detail: expect.stringContaining('reading'),
  });
  sandbox.lago.faults.clear();
  const before = reads();
  clock.skipMs += PROBE_INTERVAL_MS;
  expect(await waiting).toEqual([[found('s1')], [found('s2')]]);
  expect(reads()).toBe(before + 2);
  expect(gate.current().hold).toBeNull();
});

test('a drain ends every wait at once, and sends nothing more', async () => {
  const { ask, reader, sandbox, gate, limiter } = await open([of('c1', 's1')]);
  sandbox.lago.faults.add({ match: { path: PATH }, hang: true });
  const onItsWay = ask('c1');
  await waitFor(() => sandbox.lago.inspect().inFlight === 1, { what: 'the read' });
  limiter.hold();
  const forSlot = ask('c2');
  await waitFor(() => limiter.asked === 2, { what: 'the permit' });
  reader.drain();
  expect(await Promise.all([onItsWay, forSlot])).toEqual([[{ outcome: 'unsent' }], [{ outcome: 'unsent' }]]);
  limiter.release();
  expect(await ask('c3')).toEqual([{ outcome: 'unsent' }]);
  expect(sandbox.lago.inspect().requests).toBe(1);
  expect(gate.current().hold).toBeNull();
});

test('reads of an API that has moved are held with the new address, without the customer', async () => {
  const { sandbox, reader, gate } = await open([of('customer-1', 's1')]);
  const location = 'https://new.example/customer-1/subscriptions?external_customer_id=customer-1';
  sandbox.lago.faults.add({ respond: { status: 308, headers: { location }, body: '' } });
  void reader.resolve([{ customer: 'customer-1', at: 0 }]);
  await waitFor(() => gate.current().hold, { what: 'the hold' });
  expect(gate.current().hold).toMatchObject({
    code: 'wrong_url',
    detail:
      'reading subscriptions: HTTP 308: the API has moved to https://new.example/[value]/subscriptions: is the URL right?',
  });
  reader.drain();
});

test('a customer whose read is not let through waits alone, and all others are read', async () => {
  const customers = Array.from({ length: 60 }, (_, index) => `c${index}`);
  const { ask, sandbox, gate, reader, now } = await open(
    customers.map((customer) => of(customer, `s-${customer}`)),
  );
  sandbox.lago.faults.add({ match: { path: PATH }, respond: { status: 403, body: '<html>' } });
  const [bad] = await ask("' OR 1=1 --");
  expect(bad).toMatchObject({ outcome: 'suspected', code: 'refused', status: 403, of: 1, way: READS_WAY });
  sandbox.lago.faults.clear();
  expect(gate.current()).toMatchObject({ hold: null, breaker: { state: 'closed' } });
  expect(await ask(...customers)).toEqual(customers.map((customer) => found(`s-${customer}`)));
  expect(reader.accepted()[READS_WAY]!.last).toBeGreaterThan(now() - 5_000);
});

test('five customers that are refused, and none read between them: the way is wrong', async () => {
  const { ask, sandbox, gate, clock } = await open([of('c0', 's0')]);
  sandbox.lago.faults.add({
    times: 'always',
    match: { path: PATH },
    respond: { status: 403, body: '<html>' },
  });
  await ask('c1', 'c2', 'c3', 'c4');
  expect(gate.current().hold).toBeNull();
  await ask('c4', 'c5');
  expect(gate.current().hold).toMatchObject({
    code: 'refused_all',
    detail: expect.stringContaining('HTTP 403'),
  });
  sandbox.lago.faults.clear();
  clock.skipMs += PROBE_INTERVAL_MS;
  expect(await ask('c0')).toEqual([found('s0')]);
  expect(gate.current().hold).toBeNull();
});

test.each([
  ['refused', { status: 403, body: '<html>' }, 'refused', 'HTTP 403'],
  ['failed on', { status: 500, body: '' }, 'server_error', 'HTTP 500'],
])('one that is known to be %s alone stops nobody, however often', async (_what, respond, code, words) => {
  const { reader, sandbox, gate, now } = await open([]);
  sandbox.lago.faults.add({ times: 'always', match: { path: PATH }, respond });
  const apart = { atMost: 1, isConfirmed: true };
  for (let time = 0; time < 9; time += 1) {
    const [answer] = reader.resolve([{ customer: `c${time}`, at: now(), apart }]);
    expect(await answer).toMatchObject({ outcome: 'suspected' });
  }
  expect(gate.current()).toMatchObject({ hold: null, breaker: { state: 'closed', failures: 0 } });
  expect(gate.current().lastFailure).toMatchObject({ code, cause: `reading subscriptions: ${words}` });
});

test('one that is known to fail alone is no probe while others were read a short time ago', async () => {
  const { ask, reader, gate, reads, now } = await open([of('c0', 's0'), of('c1', 's1'), of('c2', 's2')]);
  await ask('c0');
  await gate.update((kept) => ({ ...kept, breaker: { state: 'half-open', failures: 5, until: 0 } }));
  const apart = { atMost: 1, isConfirmed: true };
  const [suspected] = reader.resolve([{ customer: 'c1', at: now(), apart }]);
  await sleep(300);
  expect(reads()).toBe(1);
  expect(await ask('c2')).toEqual([found('s2')]);
  expect(await suspected).toEqual(found('s1'));
});

test('when reads were answered is known at once, and told to the others a little later', async () => {
  const { ask, reader, gate, clock, now } = await open([of('c1', 's1'), of('c2', 's2')]);
  await ask('c1');
  clock.skipMs += 1;
  const asked = now();
  await ask('c2');
  expect(reader.accepted()[READS_WAY]!.last).toBeGreaterThanOrEqual(asked);
  expect(gate.current().accepted[READS_WAY]!.last).toBeLessThan(asked);
});

test('an answer that spends the limit is waited behind', async () => {
  const { ask, sandbox, gate, now } = await open([]);
  sandbox.lago.faults.add({
    match: { path: PATH },
    respond: {
      status: 200,
      headers: { 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': '2' },
      body: { subscriptions: [], meta: {} },
    },
  });
  const asked = now();
  expect(await ask('c1')).toMatchObject([{ code: 'no_subscription' }]);
  expect(gate.current().pausedUntil).toBeGreaterThanOrEqual(asked + 2_000);
});

test('of more customers than can be waited for the last ones come again', async () => {
  const { ask, reader, limiter } = await open([]);
  limiter.hold();
  const asked = ask(...Array.from({ length: 1_001 }, (_, index) => `c${index}`));
  await waitFor(() => limiter.asked === 1_000, { what: 'all to ask for a permit' });
  reader.drain();
  const answers = await asked;
  expect(answers.at(-1)).toEqual({ outcome: 'unsent', waitMs: 1_000 });
  expect(new Set(answers.slice(0, -1).map((answer) => JSON.stringify(answer)))).toEqual(
    new Set(['{"outcome":"unsent"}']),
  );
  limiter.release();
});

test('while nobody may read, few wait to find out, and all others are told to come again', async () => {
  const { ask, gate, reader, now } = await open([]);
  await gate.update((kept) => gateAfterRefusal(kept, 'forbidden', 'HTTP 403', now()));
  const asked = reader.resolve(
    Array.from({ length: 30 }, (_, index) => ({ customer: `c${index}`, at: now() })),
  );
  const told = await Promise.all(asked.slice(20));
  expect(told).toEqual(Array(10).fill({ outcome: 'unsent', waitMs: 5_000 }));
  reader.drain();
  await ask();
});
