import { describe, expect, test } from '@jest/globals';
import type { Verdict } from '@meterbridge/delivery';
import { describeFailure, HIDDEN, hideValues, valuesOf } from './failed-request.js';

const bodies = [
  { body: '{"customer_id":"c7","record":{"id":"m-1","mail":"jane@example.com","n":503,"o":17}}' },
];
const describeIt = (verdict: Verdict) =>
  describeFailure(
    verdict,
    () => valuesOf(bodies),
    (text) => text.replaceAll('key-123', '[redacted]'),
  );
const transient = { verdict: 'transient', code: 'server_error', status: 503 } as const;

test.each<[string, Verdict, object | undefined]>([
  [
    'a refused connection',
    { verdict: 'transient', code: 'connection', detail: 'ECONNREFUSED' },
    { code: 'connection', cause: 'ECONNREFUSED' },
  ],
  [
    "the API's words, with a status that looks like a value",
    { ...transient, detail: 'HTTP 503: out of memory' },
    { code: 'server_error', cause: 'HTTP 503: out of memory' },
  ],
  ['no words', { ...transient, detail: 'HTTP 503' }, { code: 'server_error', cause: 'HTTP 503' }],
  [
    'words with values',
    { ...transient, detail: 'HTTP 503: cannot store jane@example.com of c7 (17 in c71)' },
    { code: 'server_error', cause: `HTTP 503: cannot store ${HIDDEN} of ${HIDDEN} (${HIDDEN} in c71)` },
  ],
  [
    'words with the key',
    { verdict: 'hold', code: 'unauthorized', status: 401, detail: 'HTTP 401: no such key: key-123' },
    { code: 'unauthorized', cause: 'HTTP 401: no such key: [redacted]' },
  ],
  [
    'words that a terminal would obey',
    { verdict: 'hold', code: 'forbidden', status: 403, detail: 'HTTP 403: \u001b[2Jno\nway' },
    { code: 'forbidden', cause: 'HTTP 403: \\u{1B}[2Jno\\u{A}way' },
  ],
  [
    'a batch too large',
    { verdict: 'smaller', by: 'bytes', status: 413, detail: 'HTTP 413' },
    { code: 'too_large', cause: 'HTTP 413' },
  ],
  [
    'a batch refused without a name',
    { verdict: 'refused', status: 400, detail: 'HTTP 400: bad', isWorded: false },
    { code: 'refused', cause: 'HTTP 400: bad' },
  ],
  [
    'one event refused',
    {
      verdict: 'settled',
      entries: [
        { outcome: 'delivered' },
        { outcome: 'failed', code: 'refused', status: 422, detail: 'HTTP 422: m-1 is bad' },
      ],
    },
    { code: 'refused', cause: `HTTP 422: ${HIDDEN} is bad` },
  ],
  ['all delivered', { verdict: 'settled', entries: [{ outcome: 'delivered' }] }, undefined],
  ['told to wait', { verdict: 'rate-limited', waitMs: 5 }, undefined],
])('the code and the cause of %s', (_what, verdict, expected) => {
  expect(describeIt(verdict)).toEqual(expected);
});

describe('hiding values', () => {
  test.each([
    ['a value within another', 'abcd and abcdef', ['abcd', 'abcdef'], `${HIDDEN} and ${HIDDEN}`],
    ['a value that is a pattern', 'a.b* (x)', ['a.b*', '(x)'], `${HIDDEN} ${HIDDEN}`],
    ['a value cut off at the end', 'bad: jane@exam…', ['jane@example.com'], `bad: ${HIDDEN}…`],
    ['a short value within a word', 'internal error 5', ['in', '5'], `internal error ${HIDDEN}`],
    ['an empty value', 'bad', [''], 'bad'],
  ])('%s', (_what, text, values, expected) => {
    expect(hideValues(text, values)).toBe(expected);
  });
});
