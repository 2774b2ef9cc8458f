import { describe, expect, test } from '@jest/globals';
import { compilePrivacy } from './privacy.js';
import {
  ARCHIVED,
  type Arrival,
  DIRECT,
  type EventSource,
  FORWARDED,
  receiveEvent,
  rejectArrival,
  type Way,
  wayOf,
} from './receive-event.js';

const limits = { eventBytes: 32_768, maxEventAgeMs: 86_400_000, maxEventFutureMs: 300_000 };
const receivedAtMs = Date.parse('2026-08-01T12:00:00.000Z');
const source: EventSource = {
  name: 'backend',
  integrationNames: ['Meterbridge'],
  applyPrivacy: compilePrivacy({ drop: ['properties.email'] }),
};
const EVENT = {
  type: 'track',
  event: 'API Call',
  userId: 'u1',
  messageId: 'm1',
  timestamp: '2026-08-01T11:59:00.000Z',
  properties: { tokens: 5, email: 'jane@example.com' },
  writeKey: 'secret-key',
};
const OFF = { ...EVENT, integrations: { All: true, Meterbridge: false } };
const TIMELESS = { ...EVENT, timestamp: undefined };

const receive = (raw: unknown, way: Way = DIRECT, of: Partial<Arrival> = {}) =>
  receiveEvent({ raw, way, receivedAtMs, ...of }, source, limits);

test('an event is taken without personal data, and shown as it was before', () => {
  const received = receive(EVENT);
  if (received.status !== 'taken') throw new Error(received.status);
  expect(received.event).toMatchObject({ messageId: 'm1', properties: { tokens: 5 } });
  expect(JSON.stringify(received.event)).not.toContain('jane@example.com');
  expect(received.frozen.properties).toEqual(EVENT.properties);
  expect(received.timeFromReceipt).toBe(false);
});

describe('what follows from how an event came:', () => {
  test.each<[string, Way, unknown, string]>([
    ['a client switches it off', DIRECT, OFF, 'ignored'],
    ['Segment has routed it, whatever its integrations say', FORWARDED, OFF, 'taken'],
    ['an archive holds what was switched off', ARCHIVED, OFF, 'ignored'],
    ['a client says no time', DIRECT, TIMELESS, 'taken'],
    ['Segment says no time', FORWARDED, TIMELESS, 'taken'],
    ['an archive says no time', ARCHIVED, TIMELESS, 'rejected'],
    [
      'an archive says no time of what was switched off',
      ARCHIVED,
      { ...OFF, timestamp: undefined },
      'rejected',
    ],
  ])('%s', (_name, way, raw, status) => {
    expect(receive(raw, way).status).toBe(status);
  });

  test('without names a source asks no integrations', () => {
    const named = { ...source, integrationNames: [] };
    expect(receiveEvent({ raw: OFF, way: DIRECT, receivedAtMs }, named, limits).status).toBe('taken');
  });

  test('the receiver tells two ways apart', () => {
    expect([wayOf('tracking'), wayOf('webhook')]).toEqual([DIRECT, FORWARDED]);
  });
});

describe('a refused event', () => {
  test('is kept with its source, its reason and when it came, without keys and personal data', () => {
    const received = receive({ ...EVENT, type: 'delete' }, FORWARDED);
    if (received.status !== 'rejected') throw new Error(received.status);
    expect(received.rejected).toMatchObject({
      source: 'backend',
      via: 'webhook',
      reason: 'unsupported_type',
      raw: { messageId: 'm1', properties: { tokens: 5 } },
      receivedAt: '2026-08-01T12:00:00.000Z',
    });
    expect(JSON.stringify(received)).not.toMatch(/jane@example\.com|secret-key/);
  });

  test.each([
    ['2026-08-01T13:59:30+02:00', '2026-08-01T11:59:30.000Z'],
    ['a phone number', undefined],
    [1_785_585_570_000, undefined],
    [undefined, undefined],
  ])('keeps when its batch was sent (%s), as far as that is a time', (sentAt, kept) => {
    const rejected = rejectArrival({ raw: 7, way: DIRECT, receivedAtMs, sentAt }, source, {
      reason: 'unknown_write_key',
      detail: 'of no source',
    });
    expect(rejected).toMatchObject({ reason: 'unknown_write_key', detail: 'of no source', raw: 7 });
    expect(rejected.sentAt).toBe(kept);
  });
});

test.each<[string, Partial<EventSource>, object, string]>([
  ['a device, by its source', { clock: 'device' }, {}, '2026-08-01T11:59:00.000Z'],
  ['a server, by its source', { clock: 'server' }, { os: { name: 'iOS' } }, '2026-08-01T12:00:00.000Z'],
  ['a server, by its context', {}, {}, '2026-08-01T12:00:00.000Z'],
  ['a device, by its context', {}, { os: { name: 'iOS' } }, '2026-08-01T11:59:00.000Z'],
])('whose clock a time is: %s', (_name, by, context, timestamp) => {
  const raw = {
    ...EVENT,
    context,
    timestamp: '2026-08-01T12:00:00.000Z',
    sentAt: '2026-08-01T12:01:00.000Z',
  };
  const received = receiveEvent({ raw, way: DIRECT, receivedAtMs }, { ...source, ...by }, limits);
  expect(received).toMatchObject({ status: 'taken', event: { timestamp } });
});
