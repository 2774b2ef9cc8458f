import { expect, test } from '@jest/globals';
import { type LagoSubscription, startSandbox } from '@meterbridge/sandbox';
import { useClosing } from '@meterbridge/testing';
import { lagoBilling } from '../../destinations/src/lago/billing-lookup.js';
import { BillingReader, createHttpClient } from '../src/index.js';
import { openLimiter } from './held-limiter.js';

const closing = useClosing();
const DAY_MS = 86_400_000;
const PATH = '/api/v1/subscriptions/s1';

async function open(knownSubscriptions: (string | LagoSubscription)[], maxReads = 50) {
  const sandbox = await startSandbox({
    lago: { apiKey: 'key', store: 'postgres', knownSubscriptions },
    hyperline: { apiKey: 'key' },
  });
  closing.push(() => sandbox.close());
  const http = createHttpClient({
    baseUrl: sandbox.lago.url,
    headers: { authorization: 'Bearer key' },
    timeoutMs: 5_000,
  });
  closing.push(() => http.close());
  const clock = { skipMs: 0 };
  const limiter = openLimiter();
  const now = () => Date.now() + clock.skipMs;
  const reader = new BillingReader({ billing: lagoBilling('send'), get: http.get, limiter, maxReads, now });
  const ask = (...subscriptions: string[]) =>
    reader.fates(subscriptions.map((subscription) => ({ subscription, at: now() - 40 * DAY_MS })));
  return { sandbox, reader, ask, clock, limiter, now, reads: () => sandbox.lago.inspect().requests };
}

test('a thousand questions about two subscriptions are two reads, and an answer each', async () => {
  const { ask, reader, reads, now } = await open(['s1', 's2']);
  const asked = Array.from({ length: 1_000 }, (_, index) => (index % 2 ? 's1' : 's2'));
  expect(new Set(await ask(...asked))).toEqual(new Set(['late_for_its_period']));
  expect(await reader.fates([{ subscription: 's1', at: now() }])).toEqual(['open']);
  expect(reads()).toBe(2);
});

test('one that has ended is found, and one that is not there is unknown', async () => {
  const ended = {
    external_id: 'ended',
    status: 'terminated' as const,
    terminated_at: '2026-08-01T00:00:00.000Z',
  };
  const { ask, reads } = await open([ended]);
  expect(await ask('ended', 'none')).toEqual(['after_its_end', 'unknown']);
  expect(reads()).toBe(4);
});

test('what is known is believed for five minutes, and what is not for ten seconds', async () => {
  const { ask, reads, clock } = await open(['s1']);
  await ask('s1', 'none');
  clock.skipMs += 9_000;
  await ask('s1', 'none');
  expect(reads()).toBe(3);
  clock.skipMs += 1_000;
  await ask('s1', 'none');
  expect(reads()).toBe(5);
  clock.skipMs += 5 * 60_000;
  await ask('s1');
  expect(reads()).toBe(6);
});

test('a read that fails is unknown, and no other is tried for a while', async () => {
  const { ask, sandbox, reads, clock } = await open(['s1', 's2']);
  sandbox.lago.faults.add({ match: { path: PATH }, respond: { status: 403, body: { status: 403 } } });
  expect(await ask('s1')).toEqual(['unknown']);
  expect(await ask('s2')).toEqual(['unknown']);
  expect(reads()).toBe(1);
  clock.skipMs += 15_000;
  expect(await ask('s1', 's2')).toEqual(['late_for_its_period', 'late_for_its_period']);
});

test('nothing waits longer than two seconds, and what is beyond the budget not at all', async () => {
  const { ask, limiter, reads } = await open(['s1', 's2'], 1);
  limiter.hold();
  const began = performance.now();
  expect(await ask('s1', 's2')).toEqual(['unknown', 'unknown']);
  const waitedMs = performance.now() - began;
  expect(waitedMs).toBeGreaterThan(1_900);
  expect(waitedMs).toBeLessThan(10_000);
  limiter.release();
  expect(reads()).toBe(0);
});
