import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { Outcome } from './outcome.js';
import { replayedDuplicates } from './replayed-duplicates.js';
import type { StoredDelivery } from './stored-delivery.js';

const event = { messageId: 'm' } as SegmentEvent;
const live: StoredDelivery = { rule: 'usage', source: 'web', hour: 5, event };
const life = { reason: 'unmapped', attempts: 1, at: 1 };
const replayed: StoredDelivery = { ...live, history: [life, { ...life, replay: '12' }] };
const edited: StoredDelivery = { ...live, history: [{ ...life, replay: '11' }, life] };
const duplicate: Outcome = { outcome: 'duplicate' };
const delivered: Outcome = { outcome: 'delivered' };

test.each<[string, StoredDelivery[], Outcome[], ReturnType<typeof replayedDuplicates>]>([
  ['none', [replayed, replayed], [delivered, { outcome: 'unsent' }], null],
  ['of live events', [live], [duplicate], null],
  [
    'of a replay',
    [replayed, replayed, replayed],
    [duplicate, delivered, duplicate],
    { replay: '12', duplicates: 2 },
  ],
  ['of an edit', [edited], [duplicate], null],
  ['what this very delivery brought there', [{ ...replayed, sentUnder: 'v' }], [duplicate], null],
  ['not tried', [replayed, replayed], [duplicate], { replay: '12', duplicates: 1 }],
])('duplicates: %s', (_, deliveries, outcomes, expected) => {
  expect(replayedDuplicates(deliveries, outcomes)).toEqual(expected);
});
