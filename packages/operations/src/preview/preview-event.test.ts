import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { pipelineOf } from '../../test/pipeline-of.js';
import { findSource } from '../pipeline/find-source.js';
import { arrivalOf } from '../pipeline/pipeline.js';
import { previewEvent, type Subject } from './preview-event.js';

const CONFIG = `
sources:
  - { name: web, writeKey: wk-web }
  - name: backend
    writeKey: \${WRITE_KEY}
    privacy: { drop: [context.ip, context.gone], mask: [traits.phone], hash: [properties.tags], sha256: [traits.name] }
    integrations: [Billing]
destinations:
  - name: lago
    type: lago
    apiKey: \${LAGO_API_KEY}
    rules:
      - name: calls
        when: type = "track" and !(event = "Ping" or traits.email = "nobody@x.org")
        subscription: [properties.subscription_id, userId]
        properties:
          tokens: { path: properties.tokens, as: number }
          model: properties.model
      - name: looked-up
        sources: [web]
        subscription: { lookup: customer }
        transactionIdSuffix: ":looked-up"
  - name: hyperline
    type: hyperline
    apiKey: \${HYPERLINE_API_KEY}
    rules:
      - name: usage
        when: type = "track"
        customer: userId
        eventType: event
        record: { "*": properties, user_hash: { path: userId, hash: sha256 } }
      - name: users
        when: traits.email != null
        customer: userId
        eventType: { value: users }
        record: { id: userId, email: { path: traits.email, mask: true }, name: { path: traits.name, mask: true } }
privacyKey: \${METERBRIDGE_PRIVACY_KEY}
`;

const EMAIL = 'lea.cole@example.com';
const { pipeline, placeOf } = pipelineOf(CONFIG);

/** Of the source backend, at noon, without a key or a value. */
function preview(raw: Record<string, unknown>, source = 'backend') {
  const subject: Subject = {
    kind: 'arrival',
    from: 'event.json',
    arrival: arrivalOf(raw, Date.parse('2026-01-31T12:00:00Z')),
    source: findSource(pipeline.config, source),
  };
  return previewEvent(subject, pipeline, placeOf);
}

const CALL = {
  type: 'track',
  event: 'Call',
  userId: 7,
  anonymousId: null,
  messageId: 'm1',
  timestamp: '2026-01-31T12:00:00+01:00',
  context: { ip: '1.2.3.4' },
  traits: { phone: '+33', name: 'Ann' },
  properties: { tokens: '12', model: 'small', tags: ['a'] },
};

test('what freezing and privacy did, by field and path', () => {
  expect(preview(CALL).received).toEqual({
    status: 'taken',
    messageId: 'm1',
    messageIdFrom: 'event',
    timestamp: '2026-01-31T11:00:00.000Z',
    timestampFrom: 'event',
    tidied: ['userId', 'anonymousId'],
    privacy: [
      { path: 'context.ip', how: 'dropped' },
      { path: 'traits.phone', how: 'masked' },
      { path: 'properties.tags', how: 'hashed' },
      { path: 'traits.name', how: 'hashed without a key' },
    ],
  });
});

test.each([
  ['its content, where it has no id', { messageId: undefined }, { messageIdFrom: 'content' }],
  [
    'its receipt, where it has no time',
    { timestamp: undefined },
    { timestampFrom: 'receipt', timestamp: '2026-01-31T12:00:00.000Z' },
  ],
  [
    "its device's clock, corrected",
    {
      timestamp: '2026-01-31T10:00:00Z',
      sentAt: '2026-01-31T10:30:00Z',
      context: { page: { path: '/' }, locale: 'en', library: { name: 'analytics.js' } },
    },
    { timestampFrom: 'device clock', timestamp: '2026-01-31T11:30:00.000Z' },
  ],
  [
    "Segment's receipt, where it came through Segment without a time",
    { timestamp: undefined, receivedAt: '2026-01-31T09:00:00Z' },
    { timestampFrom: 'event', timestamp: '2026-01-31T09:00:00.000Z' },
  ],
])('an identity comes from %s', (_, change, received) => {
  expect(preview({ ...CALL, ...change }).received).toMatchObject(received);
});

test('the exact request for each destination, and what is hidden in it', () => {
  const shown = preview(CALL);
  expect(shown.ok).toBe(true);
  expect(shown.destinations.map(({ name, requests }) => [name, requests])).toEqual([
    [
      'lago',
      [
        {
          method: 'POST',
          path: '/api/v1/events/batch',
          body: {
            events: [
              {
                transaction_id: 'm1',
                external_subscription_id: '7',
                code: 'Call',
                timestamp: '1769857200.000',
                properties: { tokens: 12, model: 'small' },
              },
            ],
          },
        },
      ],
    ],
    [
      'hyperline',
      [
        {
          method: 'POST',
          path: '/v1/events',
          body: {
            customer_id: '7',
            event_type: 'Call',
            timestamp: '2026-01-31T11:00:00.000Z',
            record: {
              tokens: '12',
              model: 'small',
              tags: expect.stringMatching(/^[0-9a-f]{64}$/),
              user_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
              id: 'm1',
            },
          },
        },
      ],
    ],
  ]);
  expect(shown.destinations[1]!.rules[0]!.hides).toEqual([{ field: 'record.user_hash', how: 'hashed' }]);
});

test('every constraint that is broken, with its line', () => {
  const { destinations, ok } = preview({
    ...CALL,
    userId: ' ',
    properties: { tokens: '1,000', big: 2 ** 60 },
  });
  expect(ok).toBe(false);
  const found = destinations.map(({ rules }) =>
    (rules[0]!.failures ?? []).map(
      ({ field, code, detail, place }) => `${place}, ${field}, ${code}: ${detail}`,
    ),
  );
  expect(found).toEqual([
    [
      'line 15, subscription, missing_value: subscription is an empty string',
      'line 17, properties.tokens, wrong_type: properties.tokens is string; expected a number such as "12" or "12.5"',
      'line 18, properties.model, missing_value: properties.model is missing; a value was expected',
    ],
    [
      'line 29, customer, missing_value: customer is an empty string',
      'line 31, record.*, unsupported_value: properties.big is an integer beyond 2^53, which arrives rounded: it has to be sent as a string',
    ],
  ]);
  expect(destinations.flatMap(({ requests }) => requests)).toEqual([]);
});

test('why a rule does not take it: each part of the filter with what it read, and its sources', () => {
  const { destinations } = preview({ ...CALL, event: 'Ping', traits: { email: EMAIL } });
  const [calls, lookedUp] = destinations[0]!.rules;
  expect(lookedUp).toEqual({ name: 'looked-up', place: 'line 19', takes: false, otherSources: ['web'] });
  expect(calls).toEqual({
    name: 'calls',
    place: 'line 13',
    takes: false,
    filter: {
      source: expect.stringContaining('type = "track" and'),
      matches: false,
      kind: 'and',
      parts: [
        {
          source: 'type = "track"',
          matches: true,
          kind: 'condition',
          reads: [{ path: 'type', value: 'track' }],
        },
        {
          source: '!(event = "Ping" or traits.email = "nobody@x.org")',
          matches: false,
          kind: 'not',
          parts: [
            {
              source: 'event = "Ping" or traits.email = "nobody@x.org"',
              matches: true,
              kind: 'or',
              parts: [
                {
                  source: 'event = "Ping"',
                  matches: true,
                  kind: 'condition',
                  reads: [{ path: 'event', value: 'Ping' }],
                },
                {
                  source: 'traits.email = "nobody@x.org"',
                  matches: false,
                  kind: 'condition',
                  reads: [{ path: 'traits.email', concealed: true }],
                },
              ],
            },
          ],
        },
      ],
    },
  });
});

test('two rules that write two Hyperline types make two requests, and what is hidden shows nowhere', () => {
  const shown = preview({ ...CALL, traits: { email: EMAIL } });
  const hyperline = shown.destinations[1]!;
  expect(hyperline.rules.map(({ name, takes, hides }) => [name, takes, hides])).toEqual([
    ['usage', true, [{ field: 'record.user_hash', how: 'hashed' }]],
    ['users', true, [{ field: 'record.email', how: 'masked' }]],
  ]);
  expect(hyperline.requests).toEqual([
    expect.objectContaining({ path: '/v1/events', body: expect.objectContaining({ event_type: 'Call' }) }),
    expect.objectContaining({ path: '/v1/events', body: expect.objectContaining({ event_type: 'users' }) }),
  ]);
  const text = JSON.stringify(shown);
  expect(text).toContain('l***.c***@example.com');
  expect(text).not.toContain(EMAIL);
});

test('two rules that write one key with other content collide, as they would at the sender', () => {
  // Two paths that lead to one id by accident: no configuration is refused for that.
  const { pipeline, placeOf } = pipelineOf(CONFIG.replace('{ value: users }', 'event'));
  const subject: Subject = {
    kind: 'stored',
    from: 'x',
    event: { ...CALL, userId: '7', messageId: '7', traits: { email: EMAIL } } as unknown as SegmentEvent,
    source: 'backend',
  };
  const { destinations, ok } = previewEvent(subject, pipeline, placeOf);
  expect(ok).toBe(false);
  expect(destinations[1]!.rules[1]).toMatchObject({
    name: 'users',
    failures: [{ code: 'identity_collision', field: '', place: 'line 32' }],
  });
  expect(destinations[1]!.requests).toHaveLength(1);
});

test('a subscription that is looked up is named by its customer', () => {
  const { destinations } = preview({ ...CALL, type: 'page', event: undefined, name: 'P' }, 'web');
  expect(destinations[0]!.rules[1]).toMatchObject({ takes: true, failures: [{ field: 'code' }] });
  const named = pipelineOf(
    CONFIG.replace('{ lookup: customer }', '{ lookup: customer }\n        code: pages'),
  );
  const subject: Subject = {
    kind: 'stored',
    from: 'x',
    event: {
      type: 'page',
      userId: 'u7',
      messageId: 'm',
      timestamp: '2026-01-31T12:00:00.000Z',
    } as SegmentEvent,
    source: 'web',
  };
  expect(
    previewEvent(subject, named.pipeline, named.placeOf).destinations[0]!.requests[0]!.body,
  ).toMatchObject({
    events: [{ external_subscription_id: '<subscription of customer u7>' }],
  });
  const resolved = { customer: 'u7', subscription: 'sub-7' };
  const dead = { ...subject, delivery: { destination: 'lago', rule: 'looked-up', resolved } };
  expect(previewEvent(dead, named.pipeline, named.placeOf).destinations[0]!.requests[0]!.body).toMatchObject({
    events: [{ external_subscription_id: 'sub-7' }],
  });
});

test("a dead letter is looked at under its own rule, of its own destination, whatever the rule's filter says now", () => {
  const event = { ...CALL, userId: '7', event: 'Ping' } as unknown as SegmentEvent;
  const subject: Subject = {
    kind: 'stored',
    from: 'lago/1-0',
    event,
    source: 'backend',
    delivery: { destination: 'lago', rule: 'calls' },
  };
  const shown = previewEvent(subject, pipeline, placeOf);
  expect(shown.destinations.map(({ name }) => name)).toEqual(['lago']);
  expect(shown.destinations[0]!.rules[0]).toMatchObject({ takes: true, kept: true });
  expect(shown.destinations[0]!.requests).toHaveLength(1);
  const gone = { ...subject, delivery: { destination: 'lago', rule: 'gone' } };
  expect(previewEvent(gone, pipeline, placeOf).destinations[0]!.rules[0]!.takes).toBe(false);
});

test.each([
  ['is no Segment event', { type: 'track' }, { status: 'rejected', reason: 'missing_event' }, false],
  ['is switched off by itself', { ...CALL, integrations: { All: false } }, { status: 'ignored' }, true],
])('an event that %s goes nowhere', (_, raw, received, ok) => {
  expect(preview(raw)).toMatchObject({ received, destinations: [], ok });
});

test('an event that comes near what the API can store has a warning, and still goes', () => {
  const small = preview(CALL);
  const large = preview({ ...CALL, properties: { ...CALL.properties, model: 'x'.repeat(2_500) } });
  const warned = (of: ReturnType<typeof preview>) =>
    of.destinations.flatMap(({ rules }) => rules.flatMap(({ name, large }) => (large ? [name] : [])));
  expect([warned(small), warned(large), large.ok]).toEqual([[], ['calls'], true]);
});

test.each([
  ['of the month before', '2026-02-01T00:00:00Z', 'it is of 2026-01: where that period is billed already'],
  ['of this month', '2026-01-31T23:59:59Z', undefined],
])('an event %s is told of where its API bills by periods', (_what, now, words) => {
  const subject: Subject = {
    kind: 'arrival',
    from: 'event.json',
    arrival: arrivalOf(CALL, Date.parse('2026-01-31T12:00:00Z')),
    source: findSource(pipeline.config, 'backend'),
  };
  const { destinations } = previewEvent(subject, pipeline, placeOf, Date.parse(now));
  const lateOf = (name: string) =>
    destinations.find((each) => each.name === name)!.rules.find(({ takes }) => takes)?.late;
  expect(lateOf('lago')).toEqual(words && expect.stringContaining(words));
  expect(lateOf('hyperline')).toBeUndefined();
});
