import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { pipelineOf } from '../../test/pipeline-of.js';
import { askedOf } from './asked-of.js';

const configOf = (eventType: string) => `
sources:
  - { name: backend, writeKey: wk }
destinations:
  - name: lago
    type: lago
    apiKey: k
    rules:
      - { name: looked-up, subscription: { lookup: customer, customer: userId } }
  - name: hyperline
    type: hyperline
    apiKey: k
    rules:
      - { name: usage, customer: userId, eventType: ${eventType}, record: { "*": properties } }
`;

const EVENT = {
  type: 'track',
  event: 'API Call',
  messageId: 'm-1',
  userId: 'u-1',
  timestamp: '2026-11-21T13:00:00.000Z',
  receivedAt: '2026-11-21T14:00:00.000Z',
  properties: { tokens: 7 },
} as unknown as SegmentEvent;

const { pipeline } = pipelineOf(configOf('event'));

test('a subscription that is looked up is asked for as such, and as what was found before', () => {
  const delivery = { rule: 'looked-up', event: EVENT };
  expect(askedOf(pipeline, 'lago', delivery)).toMatchObject({
    messageId: 'm-1',
    pending: { customer: 'u-1' },
  });
  const found = askedOf(pipeline, 'lago', {
    ...delivery,
    resolved: { customer: 'u-1', subscription: 'sub' },
  });
  expect(JSON.parse(found!.usage!.body)).toMatchObject({ external_subscription_id: 'sub' });
  const ofAnother = { customer: 'u-2', subscription: 'sub' };
  expect(askedOf(pipeline, 'lago', { ...delivery, resolved: ofAnother })).toHaveProperty('pending');
});

test('the kinds of before are those that kept rules would write, other than that of now', () => {
  const kept = ['{ value: old }', '{ value: older }', '{ value: old }', 'event'].map(
    (eventType, index) =>
      [`v${index}`, pipelineOf(configOf(eventType)).pipeline.destinations.get('hyperline')!.map] as const,
  );
  const asked = askedOf({ ...pipeline, kept: new Map([['hyperline', new Map(kept)]]) }, 'hyperline', {
    rule: 'usage',
    event: EVENT,
  });
  expect(asked).toMatchObject({ usage: { kind: 'API Call' }, olderKinds: ['old', 'older'] });
});

test('what cannot be mapped is not asked for', () => {
  const event = { ...EVENT, userId: undefined } as unknown as SegmentEvent;
  expect(askedOf(pipeline, 'hyperline', { rule: 'usage', event })).toBeNull();
  expect(askedOf(pipeline, 'hyperline', { rule: 'usage', event: EVENT, sentUnder: 'v-unknown' })).toBeNull();
});
