import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import type { RejectedEvent } from '@meterbridge/queue';
import { type LetterFilter, matches, readFilter, sayFilter } from './filter.js';
import type { LetterEntry } from './letter.js';

const AT = Date.parse('2026-11-21T14:25:00.500Z');

const LETTER = {
  rule: 'api-calls',
  source: 'backend',
  event: {
    type: 'track',
    event: 'API Call',
    messageId: 'm-1',
    userId: 'user-1',
    context: { groupId: 'acct-1' },
    properties: { model: 'Größe "L"' },
  },
  reason: 'refused',
  tries: { attempts: 1, firstFailedAt: AT, lastCode: 'refused', lastDetail: 'No such Metric' },
} as unknown as DeadLetter;

const REJECTED: RejectedEvent = {
  source: 'web',
  via: 'tracking',
  reason: 'missing_type',
  detail: 'type is missing',
  raw: { userId: 'user-2' },
  receivedAt: '2026-11-21T14:25:00.000Z',
};

const AN_ENTRY = { at: AT, bucket: '', json: '', digest: '' };
const ofLago: LetterEntry = { ...AN_ENTRY, id: `lago/${AT}-3`, reason: 'refused', letter: LETTER };
const ofReceiver: LetterEntry = {
  ...AN_ENTRY,
  id: `receiver/${AT}-0`,
  reason: 'missing_type',
  letter: REJECTED,
};
const customerOf = ({ id }: LetterEntry) => (id.startsWith('lago') ? 'acct-1' : undefined);

const BOTH = ['lago', 'receiver'];

test.each<[LetterFilter, string[]]>([
  [{}, BOTH],
  [{ ids: [ofLago.id, 'lago/1-1'] }, ['lago']],
  [{ destination: 'lago' }, ['lago']],
  [{ destination: 'receiver' }, ['receiver']],
  [{ reason: 'missing_type' }, ['receiver']],
  [{ reason: 'missing' }, []],
  [{ event: 'API Call' }, ['lago']],
  [{ event: 'track' }, []],
  [{ customer: 'acct-1' }, ['lago']],
  [{ customer: 'user-1' }, []],
  [{ source: 'web' }, ['receiver']],
  [{ rule: 'api-calls' }, ['lago']],
  [{ since: AT }, BOTH],
  [{ since: AT + 1 }, []],
  [{ until: AT + 1 }, BOTH],
  [{ until: AT }, []],
  [{ text: 'ACCT-1' }, ['lago']],
  [{ text: 'no such metric' }, ['lago']],
  [{ text: `${AT}-3` }, ['lago']],
  [{ text: 'größe "l"' }, ['lago']],
  [{ text: '"userId":"user-2"' }, ['receiver']],
  // Neither the rule's name nor the source is of the event.
  [{ text: 'api-calls' }, []],
  [{ reason: 'refused', source: 'web' }, []],
])('%j means those of %j', (filter, names) => {
  const meant = [ofLago, ofReceiver].filter((entry) => matches(entry, filter, customerOf));
  expect(meant.map(({ id }) => id.split('/')[0])).toEqual(names);
});

test('a letter is read only where what is cheap to know has not ruled it out', () => {
  const unread = {
    id: 'lago/1-1',
    at: 1,
    reason: 'refused',
    bucket: '',
    json: '',
    digest: '',
    get letter(): never {
      throw new Error('read');
    },
  };
  expect(matches(unread, { reason: 'poison', text: 'x' }, customerOf)).toBe(false);
  expect(() => matches(unread, { reason: 'refused', text: 'x' }, customerOf)).toThrow('read');
});

test('of what was said the filter is what says which letters', () => {
  expect(readFilter({ json: true, event: 'Login', since: AT } as LetterFilter, ['lago/1-1'])).toEqual({
    ids: ['lago/1-1'],
    event: 'Login',
    since: AT,
  });
  expect(readFilter({})).toEqual({});
});

test.each<[LetterFilter, string]>([
  [{}, ''],
  [{ reason: 'refused', event: 'API Call' }, '--reason refused --event "API Call"'],
  [{ ids: ['lago/1-1', 'lago/1-2'], since: AT }, 'lago/1-1 lago/1-2 --since 2026-11-21T14:25:00.500Z'],
])('%j is said as %s', (filter, said) => {
  expect(sayFilter(filter)).toBe(said);
});
