import { describe, expect, test } from '@jest/globals';
import { compilePrivacy, compileRefusedPeople, refusalTokens } from '@meterbridge/segment-events';
import { compileJudge, type Judged, type Selection } from './judge-line.js';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-08-20T12:00:00.000Z');
const limits = {
  bodyBytes: 10_000_000,
  inflatedBytes: 50_000_000,
  eventBytes: 32_768,
  maxEventAgeMs: 366 * DAY_MS,
  maxEventFutureMs: 5 * 60_000,
};
const source = { name: 'backend', integrationNames: [] as string[] };

/** A call as Segment's archives have it: corrected, and received long ago. */
const ARCHIVED = {
  type: 'track',
  event: 'API Call',
  messageId: 'm1',
  userId: 'u1',
  properties: { tokens: 5 },
  context: { page: { path: '/' }, locale: 'en', library: { name: 'analytics.js' } },
  originalTimestamp: '2021-03-01T09:59:00.000Z',
  sentAt: '2021-03-01T09:59:01.000Z',
  timestamp: '2021-03-01T10:00:00.000Z',
  receivedAt: '2021-03-01T10:00:01.000Z',
  writeKey: 'secret-key',
};

function judge(line: unknown, selection: Selection = {}, of: Parameters<typeof compileJudge>[0] = source) {
  const text = typeof line === 'string' ? line : JSON.stringify(line);
  return compileJudge(of, limits, selection, () => NOW)(text, 'a.gz:7');
}
const only = (judged: Judged[]) => {
  expect(judged).toHaveLength(1);
  return judged[0]!;
};
const without = (...fields: string[]) =>
  Object.fromEntries(Object.entries(ARCHIVED).filter(([field]) => !fields.includes(field)));

test.each([
  ['their event', ARCHIVED, 'person refused'],
  ['what is no event', { ...ARCHIVED, type: 'delete' }, 'person refused'],
  ['what is no JSON', '{"userId":"u1", "type', 'person refused'],
  ['the event of somebody else', { ...ARCHIVED, userId: 'u2' }, 'taken'],
])('of a person whose later events are refused: %s', (_name, line, is) => {
  const refused = compileRefusedPeople(new Set(refusalTokens({ userId: 'u1' }, 'key')), 'key');
  expect(only(judge(line, { refused })).is).toBe(is);
});

describe('an archived event', () => {
  test('keeps the times that Segment gave it, however old, and says the same each time it is read', () => {
    const judged = only(judge(ARCHIVED));
    expect(judged).toMatchObject({
      is: 'taken',
      event: {
        messageId: 'm1',
        timestamp: '2021-03-01T10:00:00.000Z',
        receivedAt: '2021-03-01T10:00:01.000Z',
      },
    });
    const later = compileJudge(source, limits, {}, () => NOW + DAY_MS)(JSON.stringify(ARCHIVED), 'a.gz:7');
    expect(later).toEqual([judged]);
    expect(JSON.stringify(judged)).not.toContain('secret-key');
  });

  test.each([
    ['its timestamp', without('receivedAt'), '2021-03-01T10:00:00.000Z'],
    ['when it was received', without('timestamp', 'originalTimestamp'), '2021-03-01T10:00:01.000Z'],
    ['what its client said', without('timestamp', 'receivedAt'), '2021-03-01T09:59:00.000Z'],
  ])('without another time has that of %s', (_name, event, timestamp) => {
    expect(only(judge(event))).toMatchObject({ is: 'taken', event: { timestamp } });
  });

  test.each<[string, unknown, string, string]>([
    [
      'says no time at all',
      without('timestamp', 'receivedAt', 'originalTimestamp'),
      'invalid_timestamp',
      'nobody can tell',
    ],
    ['says one that is none', { ...ARCHIVED, timestamp: 'yesterday' }, 'invalid_timestamp', 'no time'],
    [
      'was too old when it was received',
      { ...ARCHIVED, timestamp: '2019-01-01T00:00:00Z' },
      'timestamp_out_of_range',
      'before receipt',
    ],
    [
      'came before it happened',
      { ...ARCHIVED, timestamp: '2021-03-02T00:00:00Z' },
      'timestamp_out_of_range',
      'after receipt',
    ],
    ['is of no known type', { ...ARCHIVED, type: 'delete' }, 'unsupported_type', 'delete'],
    ['is a number', '5', 'invalid_json', 'not JSON'],
    ['is cut off', '{"type":"tra', 'invalid_json', 'not JSON'],
  ])('that %s is a dead letter that names its line', (_name, line, reason, detail) => {
    const judged = only(judge(line));
    if (judged.is !== 'rejected') throw new Error(judged.is);
    expect(judged.rejected).toMatchObject({ source: 'backend', via: 'webhook', reason });
    expect(judged.rejected.detail).toContain(detail);
    expect(judged.rejected.detail).toContain('(a.gz:7)');
  });

  test.each<[string, Selection, string]>([
    ['from its moment on', { since: Date.parse(ARCHIVED.timestamp) }, 'taken'],
    ['from later on', { since: Date.parse(ARCHIVED.timestamp) + 1 }, 'out of time'],
    ['up to its moment', { until: Date.parse(ARCHIVED.timestamp) }, 'out of time'],
    ['up to the next', { until: Date.parse(ARCHIVED.timestamp) + 1 }, 'taken'],
    ['where a filter says so', { where: ({ event }) => event === 'API Call' }, 'taken'],
    ['where a filter does not', { where: ({ event }) => event === 'Other' }, 'not selected'],
  ])('is wanted %s, or not', (_name, selection, is) => {
    expect(only(judge(ARCHIVED, selection)).is).toBe(is);
  });

  test('that is refused is no dead letter where it was not wanted', () => {
    const refused = { ...ARCHIVED, type: 'delete' };
    expect(only(judge(refused, { since: NOW })).is).toBe('out of time');
    expect(only(judge(refused, { where: ({ event }) => event === 'Other' })).is).toBe('not selected');
    expect(only(judge(refused, { where: ({ event }) => event === 'API Call' })).is).toBe('rejected');
    expect(only(judge('no JSON', { where: () => false })).is).toBe('rejected');
    const timeless = without('timestamp', 'receivedAt', 'originalTimestamp');
    expect(only(judge(timeless, { where: ({ event }) => event === 'Other' })).is).toBe('not selected');
    expect(only(judge(timeless, { where: ({ event }) => event === 'API Call' })).is).toBe('rejected');
  });

  test('that is switched off for this installation is not billed by the back door', () => {
    const off = { ...ARCHIVED, integrations: { All: true, Lago: false } };
    expect(only(judge(off)).is).toBe('taken');
    expect(only(judge(off, {}, { ...source, integrationNames: ['Lago'] })).is).toBe('ignored');
  });

  test('has no personal data, neither where it is taken nor where a filter looks nor where it is refused', () => {
    const applyPrivacy = compilePrivacy({ drop: ['properties.email'] });
    const personal = { ...ARCHIVED, properties: { tokens: 5, email: 'jane@example.com' } };
    const seen: unknown[] = [];
    const where = (event: unknown) => seen.push(event) > 0;
    const all = [
      only(judge(personal, { where }, { ...source, applyPrivacy })),
      only(judge({ ...personal, type: 'delete' }, {}, { ...source, applyPrivacy })),
      only(judge('{"email":"jane@example.com', {}, { ...source, applyPrivacy })),
      seen,
    ];
    expect(all.slice(0, 3)).toMatchObject([{ is: 'taken' }, { is: 'rejected' }, { is: 'rejected' }]);
    expect(JSON.stringify(all)).not.toContain('jane@example.com');
  });
});

test('a line without text is nothing, one of several events is each of them', () => {
  expect(judge('  ')).toEqual([]);
  const several = { batch: [ARCHIVED, { ...ARCHIVED, messageId: 'm2' }, 7] };
  expect(judge(several).map(({ is }) => is)).toEqual(['taken', 'taken', 'rejected']);
});

test.each([
  [{ problem: 'too long', bytes: 2_000_000 } as const, 'too_large', '2000000 bytes'],
  [{ problem: 'not UTF-8', bytes: 12 } as const, 'invalid_json', 'UTF-8'],
])('a line without readable text is a dead letter', (line, reason, detail) => {
  const judged = only(compileJudge(source, limits, {}, () => NOW)(line, 'a.gz:7'));
  expect(judged).toMatchObject({
    is: 'rejected',
    rejected: { reason, receivedAt: '2026-08-20T12:00:00.000Z' },
  });
  expect(JSON.stringify(judged)).toContain(detail);
});

test('a line of more events than a request may hold is each of them', () => {
  const line = JSON.stringify({
    batch: Array.from({ length: 10_001 }, (_, index) => ({ ...ARCHIVED, messageId: `m${index}` })),
  });
  expect(judge(line).filter(({ is }) => is === 'taken')).toHaveLength(10_001);
});

test('a line whose batch says too much of its events says so', () => {
  const batch = { context: { text: 'x'.repeat(10_000) }, batch: Array(10_000).fill(ARCHIVED) };
  expect(only(judge(batch))).toMatchObject({
    is: 'rejected',
    rejected: { reason: 'too_large', detail: expect.stringContaining('what the batch says of its events') },
  });
});
