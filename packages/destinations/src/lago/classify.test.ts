import { describe, expect, test } from '@jest/globals';
import type { UsageEvent, Verdict } from '@meterbridge/delivery';
import { classifyLagoAnswer } from './classify.js';

const now = Date.parse('2026-08-21T10:00:00.000Z');
const sent = (count: number): UsageEvent[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `m${index} 1.000`,
    recordIdentity: `m${index}`,
    body: '{}',
  }));

function classify(
  status: number,
  body: unknown,
  count = 4,
  headers: Record<string, string | undefined> = {},
): Verdict {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return classifyLagoAnswer({ status, headers, body: text }, sent(count), now);
}

const invalid = (details: unknown) => ({
  status: 422,
  error: 'Unprocessable Entity',
  code: 'validation_errors',
  error_details: details,
});
const stored = (count: number) => ({
  events: sent(count).map(({ recordIdentity }) => ({ transaction_id: recordIdentity })),
});
const html = '<html><body>502 Bad Gateway</body></html>';
const duplicate = { transaction_id: ['value_already_exist'] };

const delivered = { outcome: 'delivered' };
const again = { outcome: 'resend' };
const refused = (detail: string) => ({ outcome: 'failed', code: 'refused', status: 422, detail });

describe('200', () => {
  test('delivers every event', () => {
    expect(classify(200, stored(3), 3)).toEqual({
      verdict: 'settled',
      entries: [delivered, delivered, delivered],
    });
  });

  test('delivers what a ClickHouse organization has not stored yet', () => {
    const body = { events: [{ lago_id: null, created_at: null, transaction_id: 'm0' }] };
    expect(classify(200, body, 1)).toEqual({ verdict: 'settled', entries: [delivered] });
  });

  test.each([
    ['no body', ''],
    ['a web page', html],
    ['another object', { ok: true }],
    ['fewer events than were sent', stored(2)],
    ['more events than were sent', stored(5)],
    ['the form of a single create', { event: {} }],
    ['null', 'null'],
    ['as many things that are no events', { events: [1, 'm1', null, {}] }],
    ['as many events of somebody else', { events: stored(5).events.slice(1) }],
    ['one event as often', { events: Array(4).fill(stored(1).events[0]) }],
  ])('with %s is nobody’s promise: the same bytes later', (_, body) => {
    expect(classify(200, body)).toMatchObject({
      verdict: 'transient',
      code: 'unexpected_answer',
      status: 200,
    });
  });

  test('that spends the limit makes everybody wait for the seconds it tells', () => {
    const headers = { 'x-ratelimit-limit': '500', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' };
    expect(classify(200, stored(1), 1, headers)).toMatchObject({ verdict: 'settled', waitMs: 1_000 });
  });
});

describe('the status table', () => {
  const moved = { verdict: 'hold', code: 'wrong_url' };
  const bad = { verdict: 'transient', code: 'unexpected_answer' };
  const unnamed = { verdict: 'refused', isWorded: false };
  test.each<[number, unknown, object]>([
    [201, stored(4), bad],
    [202, '', bad],
    [204, '', bad],
    [301, '', moved],
    [302, html, bad],
    [307, '', bad],
    [308, '', moved],
    [400, { status: 400, error: 'BadRequest: param is missing' }, { verdict: 'refused', isWorded: true }],
    [400, html, unnamed],
    [400, '', unnamed],
    [401, { status: 401, error: 'Unauthorized' }, { verdict: 'hold', code: 'unauthorized' }],
    [401, '', unnamed],
    [401, html, unnamed],
    [401, { message: 'Unauthorized' }, unnamed],
    [403, html, unnamed],
    [403, { message: 'Forbidden' }, unnamed],
    [403, { status: 401, error: 'Unauthorized' }, unnamed],
    [
      403,
      { status: 403, error: 'Forbidden', code: 'write_action_not_allowed_for_event' },
      { verdict: 'hold', code: 'forbidden', detail: 'HTTP 403: write_action_not_allowed_for_event' },
    ],
    [
      404,
      { status: 404, error: 'Not Found', code: 'resource_not_found' },
      { verdict: 'hold', code: 'wrong_url' },
    ],
    [404, html, unnamed],
    [404, { message: 'Cannot POST /api/v1/events/batch' }, unnamed],
    [404, { status: 404, error: 'Not Found', code: 'subscription_not_found' }, { verdict: 'refused' }],
    [405, html, unnamed],
    [406, html, unnamed],
    [405, { status: 405, error: 'Method Not Allowed' }, { verdict: 'hold', code: 'wrong_url' }],
    [408, '', { verdict: 'transient', code: 'timeout' }],
    [409, {}, unnamed],
    [410, '', unnamed],
    [451, html, unnamed],
    [413, html, { verdict: 'smaller', by: 'bytes' }],
    [425, '', { verdict: 'transient', code: 'server_error' }],
    [500, { status: 500, error: 'Internal Server Error' }, { verdict: 'transient', code: 'server_error' }],
    [501, '', { verdict: 'transient', code: 'server_error' }],
    [502, html, { verdict: 'transient', code: 'server_error', detail: 'HTTP 502' }],
    [503, '', { verdict: 'transient', code: 'server_error' }],
    [504, 'upstream timed out', { verdict: 'transient', code: 'server_error' }],
    [520, html, { verdict: 'transient', code: 'server_error' }],
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
    [{ 'x-ratelimit-reset': '3' }, 3_000],
    [{ 'retry-after': '9', 'x-ratelimit-reset': '3' }, 9_000],
    [{ 'x-ratelimit-limit': '500' }, 5_000],
  ])('429 with %j waits %i ms and costs no attempt', (headers, waitMs) => {
    expect(classify(429, '', 4, headers)).toEqual({ verdict: 'rate-limited', waitMs });
  });

  test.each<[unknown, Record<string, string>, number]>([
    [html, {}, 5_000],
    [html, { 'retry-after': '9' }, 9_000],
    ['', {}, 5_000],
  ])('429 with the body %j and %j is not of Lago', (body, headers, waitMs) => {
    expect(classify(429, body, 4, headers)).toMatchObject({ verdict: 'refused', isWorded: false, waitMs });
  });

  test("429 in Lago's own words is its limiter's", () => {
    const body = { status: 429, error: 'Too Many Requests', code: 'too_many_requests' };
    expect(classify(429, body, 4)).toEqual({ verdict: 'rate-limited', waitMs: 5_000 });
  });

  test.each(['timeout', 'connection'] as const)('%s: nobody knows whether it was stored', (error) => {
    expect(classifyLagoAnswer({ error, detail: 'ECONNRESET' }, sent(2), now)).toEqual({
      verdict: 'transient',
      code: error,
      detail: 'ECONNRESET',
    });
  });

  test('an answer too large to read is unexpected', () => {
    const answer = { error: 'oversized', detail: 'more than 5000000 bytes' } as const;
    expect(classifyLagoAnswer(answer, sent(2), now)).toMatchObject({ code: 'unexpected_answer' });
  });

  test.each<[number, unknown, string, boolean]>([
    [400, { status: 400, error: 'Bad Request' }, 'HTTP 400: Bad Request', true],
    [404, { code: 'subscription_not_found' }, 'HTTP 404: subscription_not_found', false],
    [422, html, 'HTTP 422', false],
  ])('%i for an event alone does not name it', (status, body, detail, isWorded) => {
    expect(classify(status, body, 1)).toEqual({ verdict: 'refused', status, detail, isWorded });
  });
});

describe('a refused batch', () => {
  test.each<[string, unknown, unknown[]]>([
    ['a duplicate', { 3: duplicate }, [again, again, again, { outcome: 'duplicate' }]],
    [
      'several duplicates',
      { 0: duplicate, 1: duplicate, 2: duplicate, 3: duplicate },
      Array(4).fill({ outcome: 'duplicate' }),
    ],
    [
      'missing fields',
      { 3: { transaction_id: ['value_is_mandatory'], code: ['value_is_mandatory'] } },
      [
        again,
        again,
        again,
        refused('HTTP 422: transaction_id: value_is_mandatory; code: value_is_mandatory'),
      ],
    ],
    [
      'an ISO timestamp and a duplicate',
      { 0: { timestamp: ['invalid_format'] }, 2: duplicate },
      [refused('HTTP 422: timestamp: invalid_format'), again, { outcome: 'duplicate' }, again],
    ],
    [
      'a duplicate that is bad in another way too',
      { 1: { ...duplicate, code: ['value_is_mandatory'] } },
      [
        again,
        refused('HTTP 422: transaction_id: value_already_exist; code: value_is_mandatory'),
        again,
        again,
      ],
    ],
    [
      'an id that is refused for two reasons',
      { 1: { transaction_id: ['value_already_exist', 'too_long'] } },
      [again, refused('HTTP 422: transaction_id: value_already_exist, too_long'), again, again],
    ],
    [
      'a failed expression, told as a string',
      { 3: 'expression_evaluation_failed: Variable: foo not found' },
      [again, again, again, refused('HTTP 422: expression_evaluation_failed: Variable: foo not found')],
    ],
    ['an entry that says nothing', { 2: {} }, [again, again, refused('HTTP 422'), again]],
    ['an entry of null', { 2: null }, [again, again, refused('HTTP 422'), again]],
  ])('is settled by index: %s', (_, details, entries) => {
    expect(classify(422, invalid(details))).toEqual({ verdict: 'settled', entries });
  });

  test.each<[string, unknown]>([
    ['an index out of range', { 4: duplicate }],
    ['an index out of range among others', { 0: duplicate, 99: duplicate }],
    ['a negative index', { '-1': duplicate }],
    ['names among indexes', { 0: duplicate, base: ['x'] }],
    ['fields without an index', duplicate],
    ['no details', undefined],
    ['empty details', {}],
    ['a list', [duplicate]],
    ['a bare string', 'expression_evaluation_failed: Variable: foo not found'],
    ['an unknown word about the events', { events: ['too_strange'] }],
  ])('that names nobody is a suspicion of all: %s', (_, details) => {
    expect(classify(422, invalid(details))).toMatchObject({ verdict: 'refused', status: 422 });
  });

  test.each([[html], [''], ['null'], ['[]'], ['"no"']])('with the body %p is a suspicion of all', (body) => {
    expect(classify(422, body)).toMatchObject({ verdict: 'refused', status: 422 });
  });

  test('of too many events becomes smaller ones', () => {
    expect(classify(422, invalid({ events: ['too_many_events'] }))).toEqual({
      verdict: 'smaller',
      by: 'events',
      status: 422,
      detail: 'HTTP 422: too_many_events',
    });
  });

  test('that arrived empty was emptied on the way', () => {
    expect(classify(422, invalid({ events: ['no_events'] }))).toMatchObject({
      verdict: 'transient',
      code: 'unexpected_answer',
    });
  });

  test('of one is settled in the batch’s form and in the single one', () => {
    const entries = [{ outcome: 'duplicate' }];
    expect(classify(422, invalid({ 0: duplicate }), 1)).toEqual({ verdict: 'settled', entries });
    expect(classify(422, invalid(duplicate), 1)).toEqual({ verdict: 'settled', entries });
  });

  test('of one whose expression failed has its reason', () => {
    expect(classify(422, invalid('expression_evaluation_failed: x'), 1)).toEqual({
      verdict: 'refused',
      status: 422,
      detail: 'HTTP 422: validation_errors: expression_evaluation_failed: x',
      isWorded: true,
    });
  });
});

test('words are cut, and only known fields are kept', () => {
  const verdict = classify(422, invalid({ 0: { code: ['x'.repeat(900)] } }), 1);
  expect(verdict.verdict === 'settled' && verdict.entries[0]).toMatchObject({
    detail: `HTTP 422: code: ${'x'.repeat(283)}…`,
  });
  const echo = { error: 'Bad Request', input: { email: 'jane@example.com' } };
  expect(JSON.stringify(classify(400, echo))).not.toContain('jane');
});
