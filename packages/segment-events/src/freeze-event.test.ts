import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type FreezeContext, freezeEvent } from './freeze-event.js';
import { segmentEventSchema } from './segment-event.js';

const receivedAt = '2026-08-01T12:00:00.000Z';
const context: FreezeContext = {
  receivedAtMs: Date.parse(receivedAt),
  via: 'tracking',
  maxAgeMs: 35 * 86_400_000,
  maxFutureMs: 300_000,
  maxEventBytes: 32_768,
};
const timestamp = '2026-08-01T11:59:00.000Z';
const track = {
  type: 'track',
  event: 'API Call',
  userId: 'u1',
  messageId: 'm1',
  timestamp,
  properties: { units: 0 },
};

const freeze = (raw: unknown, overrides: Partial<FreezeContext> = {}) =>
  freezeEvent(raw, { ...context, ...overrides });
const eventOf = (raw: unknown, overrides?: Partial<FreezeContext>) => {
  const frozen = freeze(raw, overrides);
  if (!frozen.ok) throw new Error(`refused: ${frozen.rejection.reason}`);
  return frozen.event;
};

describe('what is taken', () => {
  test('a track call as it is, with the time of receipt and without the write key', () => {
    const raw = { ...track, writeKey: 'secret', channel: 'server', _metadata: { jsRuntime: 'node' } };
    const { writeKey: _, ...rest } = raw;
    expect(eventOf(raw)).toEqual({ ...rest, receivedAt });
    expect(raw.writeKey).toBe('secret');
  });

  test.each([
    ['identify', { type: 'identify', userId: 'u1', traits: {} }],
    ['page', { type: 'page', anonymousId: 'a1', name: 'Home' }],
    ['page without a name', { type: 'page', anonymousId: 'a1' }],
    ['screen', { type: 'screen', userId: 'u1', name: 'Home' }],
    ['group', { type: 'group', userId: 'u1', groupId: 'g1' }],
    ['group of a visitor', { type: 'group', anonymousId: 'a1', groupId: 'g1' }],
    ['alias', { type: 'alias', userId: 'u1', previousId: 'a1' }],
  ])('a call: %s', (_name, raw) => {
    expect(freeze({ ...raw, messageId: 'm1', timestamp }).ok).toBe(true);
  });

  test('what libraries write for nothing: nulls, empty ids, and the empty object of PHP', () => {
    const raw = {
      ...track,
      anonymousId: null,
      groupId: '',
      name: null,
      traits: null,
      context: [],
      integrations: [],
    };
    expect(eventOf(raw)).toEqual({ ...track, context: {}, integrations: {}, receivedAt });
  });

  test('whole numbers as ids', () => {
    expect(eventOf({ ...track, userId: 42, messageId: 7 })).toMatchObject({ userId: '42', messageId: '7' });
  });

  test('an own __proto__ property gives the event no other prototype', () => {
    const event = eventOf(JSON.parse(`{"__proto__":{"admin":true},${JSON.stringify(track).slice(1)}`));
    expect(Object.getPrototypeOf(event)).toBe(Object.prototype);
    expect(event).toEqual({ ...track, receivedAt });
  });
});

const deep = (levels: number) => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

describe('what is refused', () => {
  test.each<[string, unknown, string]>([
    ['null', null, 'not_an_object'],
    ['a list', [track], 'not_an_object'],
    ['a text', 'track', 'not_an_object'],
    ['no type', { ...track, type: undefined }, 'missing_type'],
    ['a null type', { ...track, type: null }, 'missing_type'],
    ['delete', { type: 'delete', userId: 'u1', timestamp }, 'unsupported_type'],
    ['an unknown type', { ...track, type: 'Track' }, 'unsupported_type'],
    ['a type that is no text', { ...track, type: 7 }, 'unsupported_type'],
    ['a track call without a name', { ...track, event: undefined }, 'missing_event'],
    ['a track call with an empty name', { ...track, event: '' }, 'missing_event'],
    ['a track call with a number for a name', { ...track, event: 7 }, 'invalid_field'],
    ['nobody', { ...track, userId: null }, 'missing_identity'],
    ['an object for a user', { ...track, userId: {} }, 'invalid_field'],
    ['a fraction for a user', { ...track, userId: 1.5 }, 'invalid_field'],
    [
      'a group without groupId',
      { type: 'group', userId: 'u1', messageId: 'm', timestamp },
      'missing_identity',
    ],
    ['a group of nobody', { type: 'group', groupId: 'g', messageId: 'm', timestamp }, 'missing_identity'],
    ['an alias of nothing', { type: 'alias', userId: 'u1', messageId: 'm', timestamp }, 'missing_identity'],
    ['properties that are a text', { ...track, properties: 'x' }, 'invalid_field'],
    ['properties that are a list', { ...track, properties: [1] }, 'invalid_field'],
    ['a long messageId', { ...track, messageId: 'm'.repeat(101) }, 'invalid_message_id'],
    ['a messageId that is an object', { ...track, messageId: {} }, 'invalid_message_id'],
    ['a messageId with NUL', { ...track, messageId: 'a\u0000b' }, 'invalid_message_id'],
    ['a messageId with half a character', { ...track, messageId: 'a\ud800' }, 'invalid_message_id'],
    [
      'neither messageId nor time',
      { ...track, messageId: null, timestamp: null },
      'no_message_id_or_timestamp',
    ],
    ['a time nobody can read', { ...track, timestamp: 'soon' }, 'invalid_timestamp'],
    ['a time as a number', { ...track, timestamp: 1785542400 }, 'invalid_timestamp'],
    ['a day that is not in the calendar', { ...track, timestamp: '2026-02-30' }, 'invalid_timestamp'],
    ['last year', { ...track, timestamp: '2025-08-01T00:00:00Z' }, 'timestamp_out_of_range'],
    ['next hour', { ...track, timestamp: '2026-08-01T13:00:00Z' }, 'timestamp_out_of_range'],
    ['more than 32 KB', { ...track, properties: { text: 'x'.repeat(33_000) } }, 'too_large'],
    [
      'more than 32 KB in many values',
      { ...track, properties: { list: Array(20_000).fill(1) } },
      'too_large',
    ],
    ['more than 32 KB of UTF-8', { ...track, properties: { text: 'é'.repeat(16_500) } }, 'too_large'],
    ['nesting beyond reason', { ...track, properties: { deep: deep(40) } }, 'too_deep'],
    ['nesting beyond the stack', { ...track, properties: { deep: deep(100_000) } }, 'too_deep'],
    ['a number beyond JSON', { ...track, properties: JSON.parse('{"units":1e400}') }, 'invalid_field'],
  ])('%s', (_name, raw, reason) => {
    expect(freeze(raw)).toMatchObject({ ok: false, rejection: { reason } });
  });

  test('without showing what the event holds', () => {
    for (const raw of [
      { ...track, userId: ['jane@example.com'] },
      { ...track, timestamp: 'jane@example.com' },
    ]) {
      expect(JSON.stringify(freeze(raw))).not.toContain('jane');
    }
  });
});

test('takes an event of just the limit and not a byte more', () => {
  const size = (raw: unknown) => Buffer.byteLength(JSON.stringify(raw));
  for (const raw of [track, { ...track, properties: { text: '"é\u0000😀' } }]) {
    expect(freeze(raw, { maxEventBytes: size(raw) }).ok).toBe(true);
    expect(freeze(raw, { maxEventBytes: size(raw) - 1 })).toMatchObject({
      rejection: { reason: 'too_large' },
    });
  }
});

describe('the id', () => {
  const { messageId: _, ...nameless } = track;

  test('is the hash of the content where the sender left it out, whatever changes between two tries', () => {
    const first = eventOf({
      ...nameless,
      sentAt: '2026-08-01T12:00:00Z',
      writeKey: 'a',
      _metadata: { try: 1 },
    });
    const { type, ...rest } = nameless;
    const retried = { receivedAtMs: context.receivedAtMs + 60_000 };
    const retry = eventOf(
      { ...rest, type, messageId: '', sentAt: '2026-08-01T12:01:00Z', writeKey: 'b' },
      retried,
    );
    expect(first.messageId).toMatch(/^sha256-[0-9a-f]{64}$/);
    expect(retry.messageId).toBe(first.messageId);
  });

  test.each([
    ['user', { userId: 'u2' }],
    ['time', { timestamp: '2026-08-01T11:59:00.001Z' }],
    ['quantity', { properties: { units: 1 } }],
    ['name', { event: 'Other Call' }],
  ])('differs for another %s', (_name, change) => {
    expect(eventOf({ ...nameless, ...change }).messageId).not.toBe(eventOf(nameless).messageId);
  });

  test('may stand on originalTimestamp alone', () => {
    const { timestamp: original, ...timeless } = nameless;
    expect(eventOf({ ...timeless, originalTimestamp: original })).toMatchObject({ timestamp: original });
  });
});

describe('the time', () => {
  const device = { device: { type: 'ios', model: 'iPhone15,3' }, os: { name: 'iOS', version: '18.1' } };
  // The device's clock is an hour fast: it happened ten seconds before it was sent.
  const wrong = { timestamp: '2026-08-01T13:00:00.000Z', sentAt: '2026-08-01T13:00:10.000Z' };
  const right = '2026-08-01T11:59:50.000Z';

  test('of a device is corrected by how long ago the device says it was', () => {
    expect(eventOf({ ...track, ...wrong, context: device }).timestamp).toBe(right);
    const { sentAt, timestamp: original } = wrong;
    expect(eventOf({ ...track, timestamp: original, context: device }, { sentAt }).timestamp).toBe(right);
    const rudder = { ...track, timestamp: undefined, originalTimestamp: original, sentAt, context: device };
    expect(eventOf(rudder).timestamp).toBe(right);
  });

  const userAgent = 'Mozilla/5.0 (Macintosh)';
  const page = { path: '/pricing', url: 'https://example.com/pricing' };
  test.each([
    ['rudder-ios-library', { os: { name: 'iOS', version: '17.4' }, library: { name: 'rudder-ios-library' } }],
    [
      'com.rudderstack.android.sdk.core',
      { device: { id: 'd' }, library: { name: 'com.rudderstack.android.sdk.core' } },
    ],
    ['a library that nobody has heard of', { screen: { width: 390 }, library: { name: 'inhouse-mobile' } }],
    ['a browser', { page, userAgent, library: { name: 'analytics.js' } }],
    ['a browser whose name privacy has dropped', { page, locale: 'en-GB', timezone: 'Europe/Paris' }],
    ['RudderStack in a browser', { os: { name: '', version: '' }, screen: { density: 2 }, page, userAgent }],
    ['a device that says its system as text', { os: 'Android 14' }],
  ])('of %s is corrected, fast or slow: what it says of itself shows that it is a device', (_name, said) => {
    expect(eventOf({ ...track, ...wrong, context: said }).timestamp).toBe(right);
    const slow = { originalTimestamp: '2026-08-01T09:59:50.000Z', sentAt: '2026-08-01T10:00:00.000Z' };
    expect(eventOf({ ...track, timestamp: undefined, ...slow, context: said }).timestamp).toBe(right);
  });

  test('is whose the source says it is, whatever the event says', () => {
    const event = { ...track, timestamp, sentAt: '2026-08-01T12:01:00.000Z' };
    const corrected = '2026-08-01T11:58:00.000Z';
    expect(eventOf(event, { clock: 'device' }).timestamp).toBe(corrected);
    expect(eventOf({ ...event, context: device }).timestamp).toBe(corrected);
    expect(eventOf({ ...event, context: device }, { clock: 'server' }).timestamp).toBe(timestamp);
    expect(eventOf(event, { clock: 'device', via: 'webhook' }).timestamp).toBe(timestamp);
  });

  test.each<[string, Record<string, unknown>, Partial<FreezeContext>]>([
    ['a server said it', { context: { library: { name: '@segment/analytics-node' } } }, {}],
    ['a server names its user’s browser', { context: { ip: '203.0.113.7', userAgent } }, {}],
    ['a server names a page', { context: { page } }, {}],
    ['the device is empty', { context: { device: {}, os: null, screen: '' } }, {}],
    ['the context says nothing', {}, {}],
    ['Segment forwarded it', { context: device }, { via: 'webhook' }],
    ['the device did not say when it sent it', { context: device, sentAt: null }, {}],
    ['someone has corrected it', { context: device, originalTimestamp: '2026-08-01T12:30:00Z' }, {}],
  ])('is trusted where %s', (_name, fields, overrides) => {
    const event = { ...track, timestamp, sentAt: '2026-08-01T11:00:00Z', ...fields };
    expect(eventOf(event, overrides).timestamp).toBe(timestamp);
  });

  test('is that of receipt where an event with an id has none', () => {
    const { timestamp: _, ...timeless } = track;
    expect(eventOf(timeless).timestamp).toBe(receivedAt);
    const forwarded = { ...timeless, receivedAt: '2026-08-01T10:00:00.000Z' };
    expect(eventOf(forwarded, { via: 'webhook' }).timestamp).toBe('2026-08-01T10:00:00.000Z');
    expect(eventOf(forwarded).timestamp).toBe(receivedAt);
  });

  test.each<[boolean, string, Record<string, unknown>]>([
    [true, 'a device said it', { ...track, ...wrong, context: device }],
    [true, 'nobody said it', { ...track, timestamp: undefined }],
    [false, 'a server said it', { ...track, timestamp }],
  ])('is told to depend on receipt: %s, where %s', (timeFromReceipt, _name, event) => {
    expect(freeze(event)).toMatchObject({ ok: true, timeFromReceipt });
  });
});

test('never throws, says the same twice, and freezes only what the schema describes', () => {
  const fields = fc.record(
    {
      type: fc.oneof(fc.constantFrom('track', 'identify', 'page', 'group', 'alias', 'delete'), fc.anything()),
      messageId: fc.oneof(fc.string(), fc.anything()),
      timestamp: fc.oneof(fc.constant(timestamp), fc.anything()),
      userId: fc.oneof(fc.string(), fc.anything()),
      event: fc.oneof(fc.string(), fc.anything()),
      previousId: fc.string(),
      groupId: fc.string(),
      properties: fc.anything(),
      context: fc.anything(),
      __proto__: fc.anything(),
    },
    { requiredKeys: ['type', 'userId'] },
  );
  fc.assert(
    fc.property(fc.oneof(fields, fc.anything()), fc.anything(), (raw, sentAt) => {
      const frozen = freeze(raw, { sentAt });
      expect(freeze(raw, { sentAt })).toEqual(frozen);
      if (frozen.ok) expect(segmentEventSchema.safeParse(frozen.event).error).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});
