import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import type { RejectedEvent } from '@meterbridge/queue';
import type { LetterEntry } from './letter.js';
import { readPortable, writePortable } from './portable-letter.js';

/** One version of one destination's rules. */
const isKept = (destination: string, version: string) => destination === 'lago' && version === 'v1';
const NAMES = ['lago', 'receiver'];

const LETTER = {
  // In an order of its own, with what no schema here knows.
  tries: { attempts: 2, firstFailedAt: 1, lastCode: 'refused', lastStatus: 422, extra: 1 },
  rule: 'usage',
  source: 'web',
  event: {
    type: 'track',
    event: 'Login',
    messageId: 'm-1',
    userId: 'u',
    timestamp: '2026-11-21T14:25:00.500Z',
    receivedAt: '2026-11-21T14:25:01.000Z',
    properties: { text: 'a "quote", ü and \n' },
  },
  hour: 480_000,
  reason: 'refused',
  resolved: { customer: 'c', subscription: 's' },
} as unknown as DeadLetter;

const REJECTED: RejectedEvent = {
  source: 'web',
  via: 'webhook',
  reason: 'missing_type',
  detail: 'type is missing',
  raw: 'anything',
  receivedAt: '2026-11-21T14:25:00.000Z',
};

function anEntry(letter: LetterEntry['letter'], of: Partial<LetterEntry> = {}): LetterEntry {
  const entry = { id: 'lago/1700-3', digest: '', at: 1_700, reason: 'refused', bucket: '480000/web', ...of };
  return { ...entry, letter, json: JSON.stringify(letter) };
}

const ofReceiver = { id: 'receiver/1700-0', reason: 'missing_type', bucket: '480000/web' };

test.each<[string, LetterEntry]>([
  ['a delivery', anEntry(LETTER)],
  ['one that may have arrived', anEntry({ ...LETTER, sentUnder: 'v1' } as unknown as DeadLetter)],
  ['what is no Segment event', anEntry(REJECTED, ofReceiver)],
])('%s is one line, and read back as it was', (_name, entry) => {
  const line = writePortable(entry);
  expect(line).not.toContain('\n');
  const read = readPortable(line, NAMES, isKept);
  expect(read).toMatchObject({ ok: true });
  const { letter } = (read as Extract<typeof read, { ok: true }>).letter;
  expect(JSON.stringify(letter)).toBe(entry.json);
  const { id, reason, bucket } = entry;
  expect(read).toMatchObject({ letter: { id, reason, bucket } });
});

test('one that was imported goes by the id it died under', () => {
  expect(JSON.parse(writePortable(anEntry(LETTER, { was: 'lago/1500-0', at: 1_500 })))).toMatchObject({
    id: 'lago/1500-0',
    at: '1970-01-01T00:00:01.500Z',
  });
});

const good = JSON.parse(writePortable(anEntry(LETTER)));
const goodOfReceiver = JSON.parse(writePortable(anEntry(REJECTED, ofReceiver)));
const but = (changes: object) => ({ ...good, letter: { ...good.letter, ...changes } });

test.each<[unknown, RegExp]>([
  [[], /expected object/],
  [{}, /^id: /],
  [{ ...good, id: 'lago' }, /^id: the id of a dead letter/],
  [{ ...good, id: 'lago/1-99999999999999999999' }, /^id: /],
  [{ ...good, id: 'elsewhere/1-1' }, /no destination "elsewhere"/],
  [{ ...good, letter: undefined }, /^letter: /],
  [{ ...good, letter: goodOfReceiver.letter }, /^letter\.rule: /],
  [but({ reason: 'missing_type' }), /^letter\.reason: .*refused/],
  [but({ tries: {} }), /^letter\.tries\.attempts: /],
  [but({ event: { ...good.letter.event, messageId: '' } }), /^letter\.event\.messageId: /],
  [but({ event: { ...good.letter.event, timestamp: 'now' } }), /^letter\.event\.timestamp: /],
  [but({ hour: undefined }), /^letter\.hour: /],
  [but({ sentUnder: 'v2' }), /^letter\.sentUnder: .*not kept here/],
  [but({ sentUnder: '' }), /^letter\.sentUnder: /],
  [{ ...goodOfReceiver, cell: '480000/other' }, /^cell: /],
  [{ ...goodOfReceiver, cell: '' }, /^cell: /],
  [{ ...goodOfReceiver, cell: 'x/web' }, /^cell: /],
  [{ ...good, format: 99 }, /^was exported by a newer version/],
])('%j is no line of an export', (line, problem) => {
  const read = readPortable(JSON.stringify(line), NAMES, isKept);
  expect(read).toEqual({ ok: false, problem: expect.stringMatching(problem) });
});

test('what is no JSON is said to be none', () => {
  expect(readPortable('{"id":', NAMES, isKept)).toEqual({ ok: false, problem: 'is not JSON' });
});
