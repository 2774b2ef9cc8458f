import { expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, type Outcome, type StoredDelivery, type Suspect } from '@meterbridge/delivery';
import type { MappedUsage, Sender, SubscriptionReader } from '@meterbridge/destinations';
import { type Attempt, attemptDeliveries } from './attempt-deliveries.js';
import type { MapDelivery } from './rule-versions.js';

type SegmentEvent = StoredDelivery['event'];

const NOW = 1_000_000_000;

const aDelivery = (messageId: string): StoredDelivery => ({
  rule: 'usage',
  source: 'web',
  event: { messageId } as SegmentEvent,
});

/** Maps all but those called `unmapped`. */
function map(_rule: string, { messageId }: SegmentEvent): MappedUsage {
  if (messageId !== 'unmapped') {
    return { ok: true, usage: { key: messageId, slot: messageId, body: `{"id":"${messageId}"}` } };
  }
  const failure = { code: 'missing_value', path: 'userId', detail: 'userId is missing' } as const;
  return { ok: false, code: 'unmapped', failure };
}

/** As a worker does that knows one version of the rules. */
const mapped =
  (rules: typeof map): MapDelivery =>
  ({ rule, event, sentUnder }) =>
    sentUnder === 'lost' ? 'unknown' : rules(rule, event);

function senderThat(answers: Record<string, Outcome>): Sender {
  return {
    deliver: async (usages) => usages.map(({ key }) => answers[key]!),
    whenOpen: async () => null,
    accepted: () => ({}),
    drain: () => {},
  };
}

const attempt = (sender: Sender, rules = map, lookups?: Attempt['lookups']): Attempt => ({
  map: mapped(rules),
  sender,
  policy: DEFAULT_RETRY_POLICY,
  now: () => NOW,
  storableBytes: 10,
  ...(lookups ? { lookups } : {}),
});

test('one outcome a delivery, in order; what failed says what was sent, what was not mapped why', async () => {
  const sender = senderThat({
    a: { outcome: 'delivered' },
    b: { outcome: 'failed', code: 'refused', status: 422, detail: 'no such metric' },
    c: { outcome: 'unsent' },
  });
  const deliveries = ['a', 'unmapped', 'b', 'c'].map(aDelivery);
  expect(await attemptDeliveries(attempt(sender), deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'unmapped', detail: 'userId is missing' },
    { outcome: 'failed', code: 'refused', status: 422, detail: 'no such metric', usage: '{"id":"b"}' },
    { outcome: 'unsent' },
  ]);
});

test('a subscription that was kept is used again, as long as the customer is the same', async () => {
  const asked: string[] = [];
  const mapPending = (_rule: string, { messageId: key, userId }: SegmentEvent): MappedUsage => ({
    ok: true,
    pending: {
      customer: userId!,
      at: 0,
      complete: (subscription) => ({ key, slot: key, body: subscription }),
    },
  });
  const bodies: string[] = [];
  const sender = senderThat({});
  sender.deliver = async (usages) => {
    for (const { key, body } of usages) bodies.push(`${key} ${body}`);
    return usages.map(() => ({ outcome: 'delivered' }));
  };
  const reader: SubscriptionReader['resolve'] = (questions) =>
    questions.map(async ({ customer }) => {
      asked.push(customer);
      return { outcome: 'found', subscription: `new-${customer}` } as const;
    });
  const of = (messageId: string, userId: string, customer?: string): StoredDelivery => ({
    rule: 'usage',
    source: 'web',
    event: { messageId, userId } as SegmentEvent,
    ...(customer === undefined ? {} : { resolved: { customer, subscription: `old-${customer}` } }),
  });
  const deliveries = [of('kept', 'c1', 'c1'), of('fresh', 'c1'), of('remapped', 'c2', 'c1')];
  const lookups = { reader: { resolve: reader, accepted: () => ({}) }, keep: async () => true };
  const outcomes = await attemptDeliveries(attempt(sender, mapPending, lookups), deliveries);
  expect(outcomes).toEqual(deliveries.map(() => ({ outcome: 'delivered' })));
  expect(bodies.toSorted()).toEqual(['fresh new-c1', 'kept old-c1', 'remapped new-c2']);
  expect(asked).toEqual(['c1', 'c2']);
});

test('what was sent under rules that nobody has kept waits, and is not sent by others', async () => {
  const sender = senderThat({ a: { outcome: 'delivered' } });
  const deliveries = [aDelivery('a'), { ...aDelivery('b'), sentUnder: 'lost' }];
  expect(await attemptDeliveries(attempt(sender), deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'rules_unknown', detail: expect.stringContaining('not kept') },
  ]);
});

const WAY = '/events/batch';
const aSuspect = (messageId: string, suspect: Partial<Suspect>, lastCode = 'refused'): StoredDelivery => ({
  ...aDelivery(messageId),
  tries: {
    attempts: 2,
    firstFailedAt: NOW - 5_000,
    lastCode,
    lastStatus: 403,
    lastDetail: 'HTTP 403',
    suspect: { at: NOW - 1_000, of: 8, way: WAY, alone: 0, proofs: 0, ...suspect },
  },
});

test('a suspect is sent apart, waits, or is not sent again, as it is judged', async () => {
  const sender = senderThat({});
  sender.accepted = () => ({ [WAY]: { since: NOW - 9_000, last: NOW } });
  const sent: unknown[] = [];
  sender.deliver = async (usages, how) => {
    for (const [index, { key }] of usages.entries()) sent.push([key, how?.apart?.get(index)]);
    return usages.map(() => ({ outcome: 'delivered' }));
  };
  const deliveries = [
    aDelivery('fresh'),
    aSuspect('group', {}),
    aSuspect('alone', { of: 1, alone: 1 }),
    aSuspect('later', { of: 1, alone: 1, due: NOW + 700 }),
    aSuspect('proved', { of: 1, alone: 2, proofs: 1 }),
    aSuspect('failing', { of: 1, proofs: 9, provedSince: NOW - 3_700_000 }, 'server_error'),
  ];
  expect(await attemptDeliveries(attempt(sender), deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'delivered' },
    { outcome: 'delivered' },
    { outcome: 'unsent', waitMs: 700 },
    {
      outcome: 'failed',
      code: 'refused',
      status: 403,
      usage: '{"id":"proved"}',
      detail: 'HTTP 403 (sent alone 2 times, while others were accepted before and after)',
    },
    expect.objectContaining({
      code: 'fails_alone',
      usage: '{"id":"failing"}',
      detail: expect.stringMatching(
        /^the API fails on this event alone: HTTP 403 .*its size is the likely reason.*may have arrived/,
      ),
    }),
  ]);
  expect(sent).toEqual([
    ['fresh', undefined],
    ['group', { atMost: 2, isConfirmed: true }],
    ['alone', { atMost: 1, isConfirmed: true }],
  ]);
});

test('what a suspect met before goes along with what it meets now', async () => {
  const sender = senderThat({
    a: { outcome: 'suspected', code: 'refused', at: NOW, of: 1, way: WAY, isAccepting: true },
  });
  sender.accepted = () => ({ [WAY]: { since: NOW - 9_000, last: NOW } });
  const [outcome] = await attemptDeliveries(attempt(sender), [aSuspect('a', { of: 1, alone: 1 })]);
  expect(outcome).toMatchObject({ judged: { proofs: 1, alone: 1 }, usage: '{"id":"a"}' });
});
