import { expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import type { MappedUsage, Sender, SubscriptionReader } from '@meterbridge/destinations';
import { attemptDeliveries } from './attempt-deliveries.js';
import type { MapDelivery } from './rule-versions.js';

type SegmentEvent = StoredDelivery['event'];

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
    drain: () => {},
  };
}

test('one outcome a delivery, in order; what failed says what was sent, what was not mapped why', async () => {
  const sender = senderThat({
    a: { outcome: 'delivered' },
    b: { outcome: 'failed', code: 'refused', status: 422, detail: 'no such metric' },
    c: { outcome: 'unsent' },
  });
  const deliveries = ['a', 'unmapped', 'b', 'c'].map(aDelivery);
  expect(await attemptDeliveries(mapped(map), sender, deliveries)).toEqual([
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
  const lookups = { reader: { resolve: reader }, keep: async () => true };
  const outcomes = await attemptDeliveries(mapped(mapPending), sender, deliveries, {}, lookups);
  expect(outcomes).toEqual(deliveries.map(() => ({ outcome: 'delivered' })));
  expect(bodies.toSorted()).toEqual(['fresh new-c1', 'kept old-c1', 'remapped new-c2']);
  expect(asked).toEqual(['c1', 'c2']);
});

test('what was sent under rules that nobody has kept waits, and is not sent by others', async () => {
  const sender = senderThat({ a: { outcome: 'delivered' } });
  const deliveries = [aDelivery('a'), { ...aDelivery('b'), sentUnder: 'lost' }];
  expect(await attemptDeliveries(mapped(map), sender, deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'unexpected_answer', detail: expect.stringContaining('not kept') },
  ]);
});
