import { expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, type Outcome, type StoredDelivery, type Suspect } from '@meterbridge/delivery';
import type { MappedUsage } from '@meterbridge/destinations';
import { READS_WAY, type Resolution, type SubscriptionReader } from '@meterbridge/sender';
import { type Attempt, attemptDeliveries } from './attempt-deliveries.js';
import type { MapDelivery } from './rule-versions.js';

type SegmentEvent = StoredDelivery['event'];

const NOW = 1_000_000_000;

const aDelivery = (messageId: string): StoredDelivery => ({
  rule: 'usage',
  source: 'web',
  hour: 5,
  event: { messageId } as SegmentEvent,
});

/** Maps all but those called `unmapped`. */
function map(_rule: string, { messageId }: SegmentEvent): MappedUsage {
  if (messageId !== 'unmapped') {
    return { ok: true, usage: { key: messageId, recordIdentity: messageId, body: `{"id":"${messageId}"}` } };
  }
  const failure = { code: 'missing_value', path: 'userId', detail: 'userId is missing' } as const;
  return { ok: false, code: 'unmapped', failure };
}

/** As a worker does that knows one version of the rules. */
const mapped =
  (rules: typeof map): MapDelivery =>
  ({ rule, event, sentUnder }) =>
    sentUnder === 'lost' ? 'unknown' : sentUnder === 'newer' ? 'newer' : rules(rule, event);

function senderThat(answers: Record<string, Outcome>): Attempt['sender'] {
  return {
    deliver: async (usages) => usages.map(({ key }) => answers[key]!),
    accepted: () => ({}),
  };
}

const attempt = (sender: Attempt['sender'], rules = map, lookups?: Attempt['lookups']): Attempt => ({
  map: mapped(rules),
  sender,
  policy: DEFAULT_RETRY_POLICY,
  now: () => NOW,
  storableBytes: 10,
  lookups,
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

test('while a person holds the destination nothing is mapped and nothing dies', async () => {
  let release = (_isReleased: boolean) => {};
  const attempted = (how: { first?: boolean } = {}) => {
    const mappedIds: string[] = [];
    const rules: typeof map = (rule, event) => {
      mappedIds.push(event.messageId);
      return map(rule, event);
    };
    const released = new Promise<boolean>((resolve) => {
      release = resolve;
    });
    const hold = { isHeld: () => true, untilReleased: () => released };
    const sender = senderThat({ a: { outcome: 'delivered' } });
    const outcomes = attemptDeliveries(
      { ...attempt(sender, rules), hold },
      ['a', 'unmapped'].map(aDelivery),
      how,
    );
    return { outcomes, mappedIds };
  };
  const resumed = attempted();
  await new Promise(setImmediate);
  expect(resumed.mappedIds).toEqual([]);
  release(true);
  expect(await resumed.outcomes).toMatchObject([
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'unmapped' },
  ]);

  const drained = attempted();
  release(false);
  expect(await drained.outcomes).toEqual([{ outcome: 'unsent' }, { outcome: 'unsent' }]);
  expect(drained.mappedIds).toEqual([]);

  // A trial would keep its turn from every other destination.
  const trial = attempted({ first: true });
  expect(await trial.outcomes).toMatchObject([{ outcome: 'unsent', waitMs: 2_000 }, { outcome: 'unsent' }]);
  expect(trial.mappedIds).toEqual([]);
});

/** Maps to what lacks the subscription of the event's user. */
const mapPending = (_rule: string, { messageId: key, userId }: SegmentEvent): MappedUsage => ({
  ok: true,
  pending: {
    customer: userId!,
    at: 0,
    complete: (subscription) => ({ key, recordIdentity: key, body: subscription }),
  },
});

test('a subscription that was kept is used again, as long as the customer is the same', async () => {
  const asked: string[] = [];
  const bodies: string[] = [];
  const sender = senderThat({});
  sender.deliver = async (usages) => {
    for (const { key, body } of usages) bodies.push(`${key} ${body}`);
    return usages.map(() => ({ outcome: 'delivered' }));
  };
  const reader: SubscriptionReader['resolve'] = (questions) =>
    questions.map(async ({ customer }) => {
      asked.push(customer);
      return { outcome: 'found', subscription: `new-${customer}`, fate: 'open' } as const;
    });
  const of = (messageId: string, userId: string, customer?: string): StoredDelivery => ({
    rule: 'usage',
    source: 'web',
    hour: 5,
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

test('what was sent under rules of a newer version is put back, at no cost of an attempt', async () => {
  const sender = senderThat({ a: { outcome: 'delivered' } });
  const deliveries = [aDelivery('a'), { ...aDelivery('b'), sentUnder: 'newer' }];
  expect(await attemptDeliveries(attempt(sender), deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'unsent', waitMs: 15_000 },
  ]);
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
    aSuspect('later', { of: 1, alone: 1, due: NOW + 700 }),
    aDelivery('fresh'),
    aSuspect('group', {}),
    aSuspect('alone', { of: 1, alone: 1 }),
    aSuspect('proved', { of: 1, alone: 2, proofs: 1 }),
    aSuspect('failing', { of: 1, proofs: 9, provedSince: NOW - 3_700_000 }, 'server_error'),
  ];
  expect(await attemptDeliveries(attempt(sender), deliveries)).toEqual([
    { outcome: 'unsent', waitMs: 700 },
    { outcome: 'delivered' },
    { outcome: 'delivered' },
    { outcome: 'delivered' },
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

/** One that needs its customer's subscription, by its name; `kept`: that was found at an earlier attempt. */
const needing = (delivery: StoredDelivery, kept?: 'kept'): StoredDelivery => {
  const customer = `c-${delivery.event.messageId}`;
  const resolved = { customer, subscription: `old-${customer}` };
  return {
    ...delivery,
    event: { ...delivery.event, userId: customer },
    ...(kept ? { resolved } : {}),
  };
};

/** An attempt whose reads end as `answers` say by customer; others are found. Reads were accepted just now, as were events. */
function openReads(answers: Record<string, Resolution> = {}) {
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  const series = { since: NOW - 9_000, last: NOW };
  const sender = senderThat({});
  sender.accepted = () => ({ [WAY]: series });
  sender.deliver = async (usages, how) => {
    for (const [index, { body }] of usages.entries()) sent.push([body, how?.apart?.get(index)]);
    return usages.map(() => ({ outcome: 'delivered' }));
  };
  const reader = {
    resolve: ((questions) =>
      questions.map(async ({ customer, apart }): Promise<Resolution> => {
        asked.push([customer, apart]);
        return answers[customer] ?? { outcome: 'found', subscription: `new-${customer}`, fate: 'open' };
      })) satisfies SubscriptionReader['resolve'],
    accepted: () => ({ [READS_WAY]: series }),
  };
  const opened = attempt(sender, mapPending, { reader, keep: async () => true });
  return { asked, sent, run: (deliveries: StoredDelivery[]) => attemptDeliveries(opened, deliveries) };
}

const aRead = { of: 1, alone: 1, way: READS_WAY };
const ALONE = { atMost: 1, isConfirmed: true };

test('one whose read is suspected is asked for apart, and its event is not suspected for that', async () => {
  const failing = {
    outcome: 'suspected',
    code: 'refused',
    detail: 'reading the subscription: HTTP 403',
    at: NOW,
    of: 1,
    way: READS_WAY,
    isAccepting: true,
  } as const;
  const { asked, sent, run } = openReads({ 'c-again': failing });
  const outcomes = await run([
    needing(aSuspect('mended', aRead)),
    needing(aSuspect('again', aRead)),
    needing(aSuspect('later', { ...aRead, due: NOW + 700 })),
  ]);
  expect(outcomes).toEqual([
    { outcome: 'delivered' },
    { ...failing, judged: expect.objectContaining({ proofs: 1, alone: 1 }) },
    { outcome: 'unsent', waitMs: 700 },
  ]);
  expect(asked).toEqual([
    ['c-mended', ALONE],
    ['c-again', ALONE],
  ]);
  expect(sent).toEqual([['new-c-mended', undefined]]);
});

test('what is proved to fail alone says whether it was the read, and otherwise what was sent', async () => {
  const { asked, sent, run } = openReads();
  const proved = { of: 1, proofs: 9, provedSince: NOW - 3_700_000 };
  const [read, written] = await run([
    needing(aSuspect('read', { ...proved, way: READS_WAY }, 'timeout')),
    needing(aSuspect('written', proved, 'timeout'), 'kept'),
  ]);
  expect(read).toMatchObject({
    code: 'fails_alone',
    detail: expect.stringMatching(/^reading fails for this customer alone/),
  });
  expect(read).toMatchObject({ usage: undefined });
  expect(written).toMatchObject({ code: 'fails_alone', usage: 'old-c-written' });
  expect([asked, sent]).toEqual([[], []]);
});

test('a suspicion of its read says nothing of an event that needs none any more, nor the other way round', async () => {
  const { asked, sent, run } = openReads();
  await run([
    needing(aSuspect('found', { ...aRead, due: NOW + 700 }), 'kept'),
    needing(aSuspect('remapped', { of: 1, alone: 1, due: NOW + 700 })),
  ]);
  expect(asked).toEqual([['c-remapped', undefined]]);
  expect(sent.toSorted()).toEqual([
    ['new-c-remapped', undefined],
    ['old-c-found', undefined],
  ]);
});
