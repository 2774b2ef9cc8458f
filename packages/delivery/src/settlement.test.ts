import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { bucketOf, hourAt } from './bucket.js';
import { DEFAULT_RETRY_POLICY } from './next-step.js';
import type { LateUsage, Outcome } from './outcome.js';
import { reviveDeadLetter, settleBatch } from './settlement.js';
import type { StoredDelivery } from './stored-delivery.js';

const NOW = Date.parse('2026-11-21T14:25:00Z');

const aDelivery = (source: string, hour = 5): StoredDelivery => ({
  rule: 'usage',
  source,
  event: { messageId: 'm' } as SegmentEvent,
  hour,
});

const refused: Outcome = { outcome: 'failed', code: 'refused' };
const timeout: Outcome = { outcome: 'failed', code: 'timeout' };
const settle = (deliveries: StoredDelivery[], outcomes: Outcome[]) =>
  settleBatch(deliveries, outcomes, DEFAULT_RETRY_POLICY, NOW, () => 0.5);

test('an hour is a whole one of UTC', () => {
  expect(new Date(hourAt(NOW) * 3_600_000).toISOString()).toBe('2026-11-21T14:00:00.000Z');
  expect(bucketOf(hourAt(NOW), 'backend')).toBe(`${hourAt(NOW)}/backend`);
});

test('what is done is counted by the hour of acceptance and the source, and in all', () => {
  const deliveries = [
    aDelivery('web', 5),
    aDelivery('web', 5),
    aDelivery('web', 6),
    aDelivery('backend', 5),
    aDelivery('web', 4),
  ];
  const delivered: Outcome = { outcome: 'delivered' };
  const duplicate: Outcome = { outcome: 'duplicate' };
  expect(settle(deliveries, [delivered, duplicate, delivered, delivered, duplicate])).toEqual({
    delivered: 3,
    late: 0,
    lateUsage: [],
    duplicate: 2,
    olderRule: 0,
    notCompared: 0,
    byBucket: {
      delivered: { '5/web': 1, '6/web': 1, '5/backend': 1 },
      late: {},
      duplicate: { '5/web': 1, '4/web': 1 },
      olderRule: {},
      notCompared: {},
    },
    ended: {
      deliveries: 'all',
      outcomes: [
        ['delivered', 1],
        ['duplicate', 1],
        ['delivered', 2],
        ['duplicate', 1],
      ],
    },
    dead: [],
    remainder: [],
    delayMs: 0,
  });
});

test('what ended is told apart from what dies or goes on, by how it ended', () => {
  const late: LateUsage = { fate: 'late_for_its_period', owner: 's', kind: 'calls', month: '2026-10' };
  const deliveries = ['a', 'b', 'c', 'd', 'e', 'f'].map((source) => aDelivery(source));
  deliveries[4]!.sentUnder = 'v1';
  const { ended } = settle(deliveries, [
    { outcome: 'delivered', late },
    refused,
    { outcome: 'duplicate', found: 'not_compared' },
    timeout,
    { outcome: 'duplicate' },
  ]);
  expect(ended).toEqual({
    deliveries: [deliveries[0], deliveries[2], deliveries[4]],
    outcomes: [
      ['late', 1],
      ['not_compared', 1],
      ['delivered', 1],
    ],
  });
});

test('what dies, waits or was not tried keeps its hour', () => {
  const deliveries = [1, 2, 3, 4].map((hour) => aDelivery('web', hour));
  const settlement = settle(deliveries, [refused, timeout, { outcome: 'unsent' }]);
  expect(settlement.dead).toMatchObject([{ hour: 1, reason: 'refused' }]);
  expect(settlement.remainder.map(({ hour }) => hour)).toEqual([2, 3, 4]);
  expect(settlement.byBucket).toEqual({
    delivered: {},
    late: {},
    duplicate: {},
    olderRule: {},
    notCompared: {},
  });
  expect(reviveDeadLetter(settlement.dead[0]!, NOW)).toMatchObject({ source: 'web', hour: 1 });
});

test('a dead letter keeps what was sent, however long, and its next life does not', () => {
  const body = JSON.stringify({ transaction_id: 'm', properties: { text: 'x'.repeat(40_000) } });
  const { dead, remainder } = settle(
    [aDelivery('web', 1), aDelivery('web', 2), aDelivery('web', 3)],
    [
      { ...refused, usage: '{"transaction_id":"m"}' },
      { ...refused, usage: body },
      { ...timeout, usage: body },
    ],
  );
  expect(dead.map(({ usage }) => usage)).toEqual([
    { body: '{"transaction_id":"m"}', characters: 22 },
    { body, characters: body.length },
  ]);
  // What is tried again is mapped again.
  expect(Object.keys(remainder[0]!)).not.toContain('usage');
  expect(Object.keys(reviveDeadLetter(dead[0]!, NOW))).not.toContain('usage');
});

test('what expired shows what was sent last', () => {
  const old = { attempts: 9, firstFailedAt: NOW - 80 * 3_600_000, lastCode: 'timeout' };
  const { dead } = settle([{ ...aDelivery('web', 1), tries: old }], [{ ...timeout, usage: '{}' }]);
  expect(dead).toMatchObject([{ reason: 'expired', usage: { body: '{}', characters: 2 } }]);
});

test('a life tells why it ended, and who changed the event behind it', () => {
  const [letter] = settle([aDelivery('web', 1)], [{ ...refused, status: 422, detail: 'words' }]).dead;
  const life = { reason: 'refused', attempts: 1, at: NOW, status: 422, detail: 'words' };
  expect(reviveDeadLetter(letter!, NOW).history).toEqual([life]);
  const edited = { by: 'ops', at: NOW + 1 };
  expect(reviveDeadLetter(letter!, NOW, edited).history).toEqual([{ ...life, edited }]);
});

test('found there at a later attempt of the same delivery is delivered; a repeat of its sender is a duplicate', () => {
  const duplicate: Outcome = { outcome: 'duplicate' };
  const sentBefore: StoredDelivery = { ...aDelivery('web', 5), sentUnder: 'v1' };
  expect(settle([sentBefore, aDelivery('web', 5)], [duplicate, duplicate])).toMatchObject({
    delivered: 1,
    duplicate: 1,
    byBucket: { delivered: { '5/web': 1 }, duplicate: { '5/web': 1 } },
  });
});

test('late usage is delivered and counted beside it, in its hour; what had arrived before is not late', () => {
  const late: LateUsage = { fate: 'late_for_its_period', owner: 'acme', kind: 'tokens', month: '2026-10' };
  const deliveries = [aDelivery('web', 5), aDelivery('web', 6), { ...aDelivery('web', 7), sentUnder: 'v1' }];
  const outcomes: Outcome[] = [
    { outcome: 'delivered', late },
    { outcome: 'delivered' },
    { outcome: 'duplicate' },
  ];
  expect(settle(deliveries, outcomes)).toMatchObject({
    delivered: 3,
    late: 1,
    lateUsage: [late],
    byBucket: { delivered: { '5/web': 1, '6/web': 1, '7/web': 1 }, late: { '5/web': 1 } },
  });
});

test('what was found of a duplicate is counted beside it, in its hour; what may have arrived is no duplicate', () => {
  const deliveries = [aDelivery('web', 5), aDelivery('web', 6), { ...aDelivery('web', 7), sentUnder: 'v1' }];
  const found = (what: 'older_rule' | 'not_compared'): Outcome => ({ outcome: 'duplicate', found: what });
  const outcomes = [found('older_rule'), found('not_compared'), found('not_compared')];
  expect(settle(deliveries, outcomes)).toMatchObject({
    delivered: 1,
    duplicate: 2,
    olderRule: 1,
    notCompared: 1,
    byBucket: {
      delivered: { '7/web': 1 },
      duplicate: { '5/web': 1, '6/web': 1 },
      olderRule: { '5/web': 1 },
      notCompared: { '6/web': 1 },
    },
  });
});

test('a dead letter keeps what the API held in its place, cut where it is long, and its next life does not', () => {
  const outcome: Outcome = {
    outcome: 'failed',
    code: 'identity_collision',
    usage: '{}',
    held: 'x'.repeat(40_000),
  };
  const { dead } = settle([aDelivery('web', 5)], [outcome]);
  expect(dead).toMatchObject([
    { usage: { body: '{}', characters: 2 }, held: { body: 'x'.repeat(32_768), characters: 40_000 } },
  ]);
  expect(dead[0]).not.toHaveProperty('sentUnder');
  expect(reviveDeadLetter(dead[0]!, NOW)).not.toHaveProperty('held');
});

test.each<[string, Outcome, object]>([
  [
    'was sent, and no answer came',
    { ...timeout, usage: '{}' },
    { remainder: [{ sentUnder: 'v2' }], dead: [] },
  ],
  ['failed before it was sent', timeout, { remainder: [expect.not.objectContaining({ sentUnder: 'v2' })] }],
  ['was refused', { ...refused, usage: '{}' }, { dead: [expect.not.objectContaining({ sentUnder: 'v2' })] }],
  ['never left', { outcome: 'unsent' }, { remainder: [expect.not.objectContaining({ sentUnder: 'v2' })] }],
])('a delivery that %s says so, or does not', (_what, outcome, settled) => {
  expect(
    settleBatch([aDelivery('web')], [outcome], DEFAULT_RETRY_POLICY, NOW, () => 0.5, 'v2'),
  ).toMatchObject(settled);
});

test('that it may have arrived is forgotten by no later reason, nor is under which rules', () => {
  const sent: StoredDelivery = { ...aDelivery('web'), sentUnder: 'v1' };
  const expired = { ...DEFAULT_RETRY_POLICY, giveUpAfterMs: 0 };
  const settleOne = (outcome: Outcome) => settleBatch([sent], [outcome], expired, NOW, () => 0.5, 'v2');
  expect(settleOne(refused).dead).toMatchObject([{ reason: 'refused', sentUnder: 'v1' }]);
  expect(settleOne({ ...timeout, usage: '{}' }).dead).toMatchObject([{ reason: 'expired', sentUnder: 'v1' }]);
  expect(settleOne({ outcome: 'unsent' }).remainder).toMatchObject([{ sentUnder: 'v1' }]);
  const first = settleBatch([aDelivery('web')], [{ ...timeout, usage: '{}' }], expired, NOW, () => 0.5, 'v2');
  expect(first.dead).toMatchObject([{ reason: 'expired', sentUnder: 'v2' }]);
  const [letter] = settleOne(refused).dead;
  expect(reviveDeadLetter(letter!, NOW)).toMatchObject({ sentUnder: 'v1' });
});

test.each(['unmapped', 'unknown_rule', 'no_subscription', 'several_subscriptions'] as const)(
  'what the rules it is in doubt under make nothing of was never sent: %s',
  (code) => {
    const inDoubt: StoredDelivery = { ...aDelivery('web'), sentUnder: 'v1' };
    const { dead } = settle([inDoubt], [{ outcome: 'failed', code }]);
    expect(dead).toMatchObject([{ reason: code }]);
    expect(dead[0]).not.toHaveProperty('sentUnder');
  },
);

const suspected = (over: object = {}): Outcome => ({
  outcome: 'suspected',
  code: 'server_error',
  at: NOW,
  of: 40,
  way: '/events/batch',
  isAccepting: true,
  usage: '{}',
  ...over,
});

test.each<[string, Outcome[], number]>([
  ['suspects that are being found, at once', [suspected(), suspected({ of: 1 })], 0],
  [
    'the first of those with a time of their own',
    [suspected({ of: 1 }), { outcome: 'unsent', waitMs: 9_000 }],
    1_500,
  ],
  ['what is handed back, when it says', [{ outcome: 'unsent', waitMs: 9_000 }, { outcome: 'unsent' }], 9_000],
  ['what failed together, when all of it may be sent', [timeout, timeout], 250],
  ['the sooner of both', [timeout, { outcome: 'unsent', waitMs: 100 }], 100],
  ['what waits for nothing, at once', [{ outcome: 'unsent' }, { outcome: 'delivered' }], 0],
])('a job comes back for %s', (_what, outcomes, delayMs) => {
  expect(
    settle(
      outcomes.map(() => aDelivery('web', 1)),
      outcomes,
    ).delayMs,
  ).toBe(delayMs);
});

test.each<[string, Outcome, string | undefined]>([
  ['a 500', suspected(), 'v1'],
  ['a cut connection', suspected({ code: 'connection' }), 'v1'],
  ['a refusal', suspected({ code: 'refused', status: 403 }), undefined],
  [
    'a refusal that followed a cut connection',
    suspected({ code: 'refused', status: 403, maybeBefore: true }),
    'v1',
  ],
  ['a read that came to nothing', suspected({ usage: undefined }), undefined],
])('a suspect after %s may have arrived: %s', (_what, outcome, sentUnder) => {
  const { remainder } = settleBatch(
    [aDelivery('web', 1)],
    [outcome],
    DEFAULT_RETRY_POLICY,
    NOW,
    () => 0.5,
    'v1',
  );
  expect(remainder[0]).toMatchObject({ tries: { suspect: { of: 40 } } });
  expect(remainder[0]!.sentUnder).toBe(sentUnder);
});
