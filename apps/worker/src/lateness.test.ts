import { expect, test } from '@jest/globals';
import type { Outcome, UsageEvent } from '@meterbridge/delivery';
import type { BillingLookup, Fate } from '@meterbridge/destinations';
import { Lateness, type OldUsage, type Sent } from './lateness.js';

const NOW = Date.parse('2026-11-15T12:00:00Z');
const OCTOBER = '2026-10-31T23:59:00.000Z';

/** Knows fates by subscription; a body is its subscription. */
function open(fates: Record<string, Fate>, late: BillingLookup['late'] = 'send') {
  const asked: string[] = [];
  const billing: BillingLookup = {
    late,
    paths: () => [],
    read: () => null,
    fate: () => 'unknown',
    isOutdated: () => false,
    describe: (fate) => `it is ${fate}`,
    subscriptionOf: (body) => body,
    usageOf: (body) => ({ subscription: body, kind: 'tokens', quantity: '5' }),
  };
  const reader = {
    fates: async (questions: readonly { subscription: string }[]) =>
      questions.map(({ subscription }) => {
        asked.push(subscription);
        return fates[subscription] ?? 'unknown';
      }),
  };
  return { asked, lateness: new Lateness(billing, reader) };
}

const usageOf = (body: string): UsageEvent => ({ key: body, recordIdentity: body, body });
const oldOf = (body: string, index: number, sentUnder?: string): OldUsage => ({
  index,
  usage: usageOf(body),
  delivery: { event: { timestamp: OCTOBER }, sentUnder },
});
const lateOf = (owner: string, fate: Fate = 'late_for_its_period') => ({
  outcome: 'delivered',
  late: { fate, owner, kind: 'tokens', month: '2026-10', quantity: '5' },
});
const DELIVERED: Outcome = { outcome: 'delivered' };

/** Delivers all, and says what was handed over. */
function openDelivery(lateness: Lateness) {
  const bodies: string[] = [];
  const deliver = (usages: UsageEvent[], _suspects: unknown, sent: readonly Sent[]) => {
    bodies.push(...usages.map(({ body }) => body));
    return lateness.tell(
      usages.map(() => DELIVERED),
      usages,
      sent,
      { since: NOW, now: NOW },
    );
  };
  return { bodies, deliver };
}

test('old usage is sent, and what is late says so', async () => {
  const { lateness } = open({ a: 'open', b: 'late_for_its_period', c: 'after_its_end' });
  const { bodies, deliver } = openDelivery(lateness);
  const old = ['a', 'b', 'c', 'd'].map((body, index) => oldOf(body, index));
  expect(await lateness.send(old, deliver)).toEqual([
    DELIVERED,
    lateOf('b'),
    lateOf('c', 'after_its_end'),
    DELIVERED,
  ]);
  expect(bodies).toEqual(['a', 'b', 'c', 'd']);
});

test('as dead letters what is late is not sent, but what may have arrived is', async () => {
  const { lateness } = open({ a: 'open', b: 'late_for_its_period', c: 'late_for_its_period' }, 'dead-letter');
  const { bodies, deliver } = openDelivery(lateness);
  const old = [oldOf('b', 0), oldOf('a', 1), oldOf('c', 2, 'v1'), oldOf('d', 3)];
  expect(await lateness.send(old, deliver)).toEqual([
    { outcome: 'failed', code: 'period_closed', detail: 'it is late_for_its_period' },
    DELIVERED,
    lateOf('c'),
    DELIVERED,
  ]);
  expect(bodies).toEqual(['a', 'c', 'd']);
});

test('what waited long to be sent is asked for again, as far as it is old and was taken as new', async () => {
  const { lateness, asked } = open({ a: 'late_for_its_period', b: 'late_for_its_period' });
  const outcomes: Outcome[] = [DELIVERED, { outcome: 'duplicate' }, DELIVERED];
  const usages = ['a', 'b', 'recent'].map(usageOf);
  const sent: Sent[] = [
    { event: { timestamp: OCTOBER }, customer: 'acme' },
    { event: { timestamp: OCTOBER } },
    { event: { timestamp: new Date(NOW).toISOString() } },
  ];
  const at = (waitedMs: number) => ({ since: NOW - waitedMs, now: NOW });
  expect(await lateness.tell(outcomes, usages, sent, at(999))).toEqual(outcomes);
  expect(asked).toEqual([]);
  expect(await lateness.tell(outcomes, usages, sent, at(1_000))).toEqual([
    lateOf('acme'),
    { outcome: 'duplicate' },
    DELIVERED,
  ]);
  expect(asked).toEqual(['a']);
});

test('what was not known in time is asked for again once it is delivered', async () => {
  const fates: Record<string, Fate> = {};
  const { lateness } = open(fates);
  const deliver = (usages: UsageEvent[], _suspects: unknown, sent: readonly Sent[]) => {
    fates.a = 'after_its_end';
    return lateness.tell([DELIVERED], usages, sent, { since: NOW, now: NOW });
  };
  expect(await lateness.send([oldOf('a', 0)], deliver)).toEqual([lateOf('a', 'after_its_end')]);
});
