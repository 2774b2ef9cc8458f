import { expect, test } from '@jest/globals';
import type { Outcome, StoredDelivery } from '@meterbridge/delivery';
import type { MappedUsage, Sender } from '@meterbridge/destinations';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { attemptDeliveries } from './attempt-deliveries.js';

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
  expect(await attemptDeliveries({ map }, sender, deliveries)).toEqual([
    { outcome: 'delivered' },
    { outcome: 'failed', code: 'unmapped', detail: 'userId is missing' },
    { outcome: 'failed', code: 'refused', status: 422, detail: 'no such metric', usage: '{"id":"b"}' },
    { outcome: 'unsent' },
  ]);
});
