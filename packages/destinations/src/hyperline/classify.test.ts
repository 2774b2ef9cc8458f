import { describe, expect, test } from '@jest/globals';
import type { UsageEvent, Verdict } from '@meterbridge/delivery';
import { classifyHyperlineAnswer } from './classify.js';
import { hyperlineKey, hyperlineRecordIdentity } from './key.js';

const now = Date.parse('2026-08-21T10:00:00.000Z');
const time = '2026-08-01T00:00:00.123Z';

const sent = (count: number): UsageEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    key: hyperlineKey('api_call', `m${index}`, time),
    recordIdentity: hyperlineRecordIdentity('api_call', `m${index}`),
    customer: 'c1',
    body: '{}',
  }));

/** An event as the API repeats it. */
const back = (index: number, over: object = {}) => ({
  customer_id: 'c1',
  event_type: 'api_call',
  timestamp: time,
  record: { id: `m${index}` },
  ...over,
});

function classify(
  status: number,
  body: unknown,
  count = 3,
  headers: Record<string, string | undefined> = {},
): Verdict {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return classifyHyperlineAnswer({ status, headers, body: text }, sent(count), now);
}

const html = '<!DOCTYPE html><title>Hyperline</title>';
const delivered = { outcome: 'delivered' };
const again = { outcome: 'resend' };
const alone = { outcome: 'alone', isNamed: true };

describe('one event alone', () => {
  test.each<[number, unknown]>([
    [200, ''],
    [201, { message: 'Event created' }],
    [201, ''],
    [202, 'Event ingested'],
    [202, ''],
    [204, ''],
    [201, '{"cut off'],
  ])('is delivered by %i with %j', (status, body) => {
    expect(classify(status, body, 1)).toEqual({ verdict: 'settled', entries: [delivered] });
  });

  test.each([
    [html, {}],
    ['', { 'content-type': 'text/html; charset=utf-8' }],
  ])('is not delivered by a web page', (body, headers) => {
    expect(classify(200, body, 1, headers)).toMatchObject({
      verdict: 'transient',
      code: 'unexpected_answer',
    });
  });

  test.each<[number, unknown, string]>([
    [400, { message: 'record.id is required' }, 'HTTP 400: record.id is required'],
    [400, '', 'HTTP 400'],
    [404, { message: 'Product not found' }, 'HTTP 404: Product not found'],
    [422, { message: 'too many properties' }, 'HTTP 422: too many properties'],
  ])('is refused by %i with %j', (status, body, detail) => {
    const isWorded = body !== '';
    expect(classify(status, body, 1)).toEqual({ verdict: 'refused', status, detail, isWorded });
  });
});

describe('a batch', () => {
  test.each([
    [201, { events_created: [back(0), back(1), back(2)], events_failed: [] }],
    [202, { events_accepted: [back(0), back(1), back(2)], events_failed: [] }],
    [200, { events_created: [back(2), back(0), back(1)] }],
  ])('is delivered by %i', (status, body) => {
    expect(classify(status, body)).toEqual({
      verdict: 'settled',
      entries: [delivered, delivered, delivered],
    });
  });

  test.each(['events_created', 'events_accepted'])(
    'is taken in part: what failed beside %s goes alone, to hear why',
    (accepted) => {
      const body = { [accepted]: [back(0), back(2)], events_failed: [back(1)] };
      expect(classify(201, body)).toEqual({ verdict: 'settled', entries: [delivered, alone, delivered] });
    },
  );

  test('may fail as a whole', () => {
    const body = { events_created: [], events_failed: [back(0), back(1), back(2)] };
    expect(classify(201, body)).toEqual({ verdict: 'settled', entries: [alone, alone, alone] });
  });

  test('repeats what the answer leaves out', () => {
    expect(classify(201, { events_created: [back(1)], events_failed: [] })).toEqual({
      verdict: 'settled',
      entries: [again, delivered, again],
    });
  });

  test('believes the failure where an event is in both lists', () => {
    const body = { events_created: [back(0), back(1), back(2)], events_failed: [back(0)] };
    expect(classify(201, body)).toMatchObject({ entries: [alone, delivered, delivered] });
  });

  test('knows its events in another spelling', () => {
    const body = {
      events_created: [
        back(0, { timestamp: '2026-08-01T02:00:00.123+02:00' }),
        back(1, { timestamp: Date.parse(time) }),
      ],
      events_failed: [back(2, { timestamp: '2026-08-01T00:00:00Z' })],
    };
    expect(classify(201, body)).toMatchObject({ entries: [delivered, delivered, alone] });
  });

  test('is not settled by events of another type or id', () => {
    const body = { events_created: [back(0, { event_type: 'other' }), back(9), back(2)] };
    expect(classify(201, body)).toMatchObject({ entries: [again, again, delivered] });
  });

  test('passes over what is no event', () => {
    const odd = [{ toString: 1 }, [], null].flatMap((id) => [
      back(1, { record: { id } }),
      back(1, { event_type: id }),
    ]);
    const body = { events_created: [null, 'x', {}, { record: 1 }, ...odd, back(0)], events_failed: 'none' };
    expect(classify(201, body)).toMatchObject({ entries: [delivered, again, again] });
  });

  test.each([
    ['no body', ''],
    ['text', 'Events created'],
    ['a list', '[]'],
    ['null', 'null'],
    ['other fields', { ok: true }],
    ['empty lists', { events_created: [], events_failed: [] }],
    ['only others’ events', { events_created: [back(7)], events_failed: [back(8)] }],
  ])('whose 2xx has %s is sent again event by event: alone, the status says it all', (_, body) => {
    expect(classify(201, body)).toMatchObject({
      verdict: 'settled',
      entries: Array(3).fill({ outcome: 'alone', isNamed: false }),
    });
  });

  test('is not delivered by a web page', () => {
    expect(classify(201, html)).toMatchObject({ verdict: 'transient', code: 'unexpected_answer' });
  });
});

describe('the status table', () => {
  const moved = { verdict: 'hold', code: 'wrong_url' };
  const bad = { verdict: 'transient', code: 'unexpected_answer' };
  const unnamed = { verdict: 'refused', isWorded: false };
  const broken = { verdict: 'transient', code: 'server_error' };
  test.each<[number, unknown, object]>([
    [301, '', moved],
    [302, html, bad],
    [308, '', moved],
    [400, { message: 'bad' }, { verdict: 'refused', isWorded: true, detail: 'HTTP 400: bad' }],
    [400, html, unnamed],
    [401, html, unnamed],
    [401, '', unnamed],
    [401, { message: 'Missing authentication token' }, { verdict: 'hold', code: 'unauthorized' }],
    [403, '', unnamed],
    [403, { message: 'Forbidden' }, unnamed],
    [404, { message: 'Product not found' }, { verdict: 'refused', isWorded: true }],
    [404, html, unnamed],
    [404, '', unnamed],
    [405, '', unnamed],
    [406, html, unnamed],
    [408, '', { verdict: 'transient', code: 'timeout' }],
    [409, '', unnamed],
    [409, { message: 'in progress' }, bad],
    [413, '', { verdict: 'smaller', by: 'bytes' }],
    [422, '', unnamed],
    [429, html, unnamed],
    [425, '', broken],
    [500, { message: 'Internal server error' }, { ...broken, detail: 'HTTP 500: Internal server error' }],
    [502, html, { ...broken, detail: 'HTTP 502' }],
    [503, '', broken],
    [504, 'timeout', broken],
  ])('%i with %j', (status, body, verdict) => {
    expect(classify(status, body)).toMatchObject({ status, ...verdict });
  });

  test.each([301, 308])('%i holds with the new address, without query and credentials', (status) => {
    const location = 'https://key:secret@new.example/api/v1/events/batch?key=secret';
    const verdict = classify(status, html, 3, { location });
    expect(verdict).toMatchObject({ verdict: 'hold', code: 'wrong_url', status });
    expect(verdict).toMatchObject({
      detail: `HTTP ${status}: the API has moved to https://new.example/api/v1/events/batch: is the URL right?`,
    });
  });

  test.each([
    [{ 'retry-after': '4', 'x-ratelimit-reset': '2026-08-21T10:00:02.000Z' }, 4_000],
    [{ 'retry-after': '1', 'x-ratelimit-reset': '2026-08-21T10:00:02.000Z' }, 2_000],
    [{ 'x-ratelimit-reset': 'Fri, 21 Aug 2026 10:00:08 GMT' }, 8_000],
  ])('429 with %j waits for the later of the two', (headers, waitMs) => {
    expect(classify(429, 'Too many requests', 3, headers)).toEqual({ verdict: 'rate-limited', waitMs });
  });

  test('a spent limit makes everybody wait', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-08-21T10:00:04.500Z' };
    expect(classify(201, '', 1, headers)).toEqual({
      verdict: 'settled',
      entries: [delivered],
      waitMs: 4_500,
    });
  });

  test.each(['timeout', 'connection'] as const)('%s: the same bytes later', (error) => {
    expect(classifyHyperlineAnswer({ error, detail: 'x' }, sent(2), now)).toMatchObject({
      verdict: 'transient',
      code: error,
    });
  });
});

test('only the message of a body is kept', () => {
  const body = { message: 'Invalid event', event: { record: { email: 'jane@example.com' } } };
  expect(JSON.stringify(classify(400, body, 1))).not.toContain('jane');
});
