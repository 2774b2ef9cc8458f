import { expect, test } from '@jest/globals';
import type { Outcome, UsageEvent } from '@meterbridge/delivery';
import type { PendingUsage } from '@meterbridge/destinations';
import type { Resolution } from '@meterbridge/sender';
import { waitFor } from '@meterbridge/testing';
import type { Judged } from './attempt-deliveries.js';
import { type Lookups, type Pending, sendAsFound } from './send-as-found.js';

const pendingOf = (customer: string, at: number): Pending => ({
  index: at,
  delivery: { event: { timestamp: '2026-10-31T23:59:00.000Z' } },
  usage: {
    customer,
    at: 0,
    complete: (subscription: string): UsageEvent => ({
      key: `k${at}`,
      recordIdentity: `k${at}`,
      body: subscription,
    }),
  } satisfies PendingUsage,
});

const found = (subscription: string): Resolution => ({ outcome: 'found', subscription, fate: 'open' });

/** Everything that happens, in order; each customer's subscription when the test says it. */
function open(keep: Lookups['keep'] = async () => true) {
  const log: string[] = [];
  const tell = new Map<string, (resolution: Resolution) => void>();
  const lookups: Lookups = {
    reader: {
      resolve: (questions) =>
        questions.map(({ customer }) => new Promise((resolve) => tell.set(customer, resolve))),
      accepted: () => ({}),
    },
    async keep(resolved) {
      log.push(
        `keep ${[...resolved].map(([at, { customer, subscription }]) => `${at}:${customer}=${subscription}`)}`,
      );
      return keep(resolved);
    },
  };
  const deliver = async (usages: UsageEvent[], suspects: ReadonlyMap<number, Judged>): Promise<Outcome[]> => {
    log.push(
      `send ${usages.map(({ body }) => body)}${suspects.size > 0 ? ` apart ${[...suspects.keys()]}` : ''}`,
    );
    return usages.map(() => ({ outcome: 'delivered' }));
  };
  return {
    log,
    tell: (customer: string, resolution: Resolution) => tell.get(customer)!(resolution),
    lookups,
    deliver,
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('what is found is written down before it is sent, and what is known together goes together', async () => {
  const { log, tell, lookups, deliver } = open();
  const sent = sendAsFound([pendingOf('a', 3), pendingOf('b', 5)], lookups, deliver);
  tell('a', found('s-a'));
  tell('b', found('s-b'));
  expect(await sent).toEqual(new Map([3, 5].map((at) => [at, { outcome: 'delivered' }])));
  expect(log).toEqual(['keep 3:a=s-a,5:b=s-b', 'send s-a,s-b']);
});

test('nobody waits for the subscription of another customer', async () => {
  const { log, tell, lookups, deliver } = open();
  const sent = sendAsFound([pendingOf('slow', 0), pendingOf('fast', 1)], lookups, deliver);
  tell('fast', found('s-fast'));
  await waitFor(() => log.length === 2, { what: 'it to be sent' });
  expect(log).toEqual(['keep 1:fast=s-fast', 'send s-fast']);
  tell('slow', { outcome: 'failed', code: 'timeout', detail: 'reading the subscription: late' });
  expect(await sent).toEqual(
    new Map<number, unknown>([
      [1, { outcome: 'delivered' }],
      [0, { outcome: 'failed', code: 'timeout', detail: 'reading the subscription: late' }],
    ]),
  );
  expect(log).toHaveLength(2);
});

test.each<[string, Lookups['keep'], object]>([
  ['whose job is of another worker', async () => false, { outcome: 'unsent' }],
  [
    'that cannot be written down',
    async () => Promise.reject(new TypeError('away')),
    { outcome: 'failed', code: 'connection', detail: expect.stringContaining('TypeError') },
  ],
])('what is found for a delivery %s is not sent', async (_what, keep, outcome) => {
  const { log, tell, lookups, deliver } = open(keep);
  const sent = sendAsFound([pendingOf('a', 0)], lookups, deliver);
  tell('a', found('s-a'));
  expect(await sent).toEqual(new Map([[0, outcome]]));
  expect(log).toEqual(['keep 0:a=s-a']);
});

test('what the job says already is made sure of before it is sent, and not asked for again', async () => {
  const { log, tell, lookups, deliver } = open();
  const kept = { ...pendingOf('a', 3), kept: 's-old' };
  const sent = sendAsFound([kept, pendingOf('b', 5)], lookups, deliver);
  await waitFor(() => log.length === 2, { what: 'it to be sent' });
  expect(log).toEqual(['keep ', 'send s-old']);
  tell('b', found('s-b'));
  expect(await sent).toEqual(new Map([3, 5].map((at) => [at, { outcome: 'delivered' }])));
  expect(log).toEqual(['keep ', 'send s-old', 'keep 5:b=s-b', 'send s-b']);
});

test('what the job says already is not sent where that cannot be made sure of', async () => {
  const { log, lookups, deliver } = open(async () => Promise.reject(new TypeError('away')));
  const sent = sendAsFound([{ ...pendingOf('a', 0), kept: 's-old' }], lookups, deliver);
  expect(await sent).toEqual(
    new Map([[0, expect.objectContaining({ outcome: 'failed', code: 'connection' })]]),
  );
  expect(log).toEqual(['keep ']);
});

const judged: Judged = {
  apart: { atMost: 1, isConfirmed: true },
  suspect: { at: 1, of: 1, way: 'w', alone: 1, proofs: 0 },
};

test('what is suspected goes apart, once its subscription is kept', async () => {
  const { log, lookups, deliver } = open();
  const kept = [
    { ...pendingOf('a', 0), kept: 's-a' },
    { ...pendingOf('b', 1), kept: 's-b', judged },
  ];
  await sendAsFound(kept, lookups, deliver);
  expect(log).toEqual(['keep ', 'send s-a,s-b apart 1']);
});

test('what takes long to be found is handed back once the rest is answered, and tells so', async () => {
  const { log, tell, lookups, deliver } = open();
  const sent = sendAsFound([pendingOf('slow', 0), pendingOf('fast', 1)], lookups, deliver);
  tell('fast', found('s-fast'));
  expect(await sent).toEqual(
    new Map<number, unknown>([
      [1, { outcome: 'delivered' }],
      [0, { outcome: 'unsent', waitMs: 1_000 }],
    ]),
  );
  expect(log).toEqual(['keep 1:fast=s-fast', 'send s-fast']);
});

test('while others of the job are not answered, it waits with them', async () => {
  const { tell, lookups, deliver } = open();
  let answer!: () => void;
  const others = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const sent = sendAsFound([pendingOf('slow', 0)], lookups, deliver, others);
  await new Promise((resolve) => setTimeout(resolve, 1_300));
  tell('slow', found('s-slow'));
  await turn();
  answer();
  expect(await sent).toEqual(new Map([[0, { outcome: 'delivered' }]]));
});
