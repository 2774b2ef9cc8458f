import { expect, test } from '@jest/globals';
import type { BooksVerdict } from '../audit/judge-books.js';
import {
  decideArchived,
  decideGaps,
  decideReceipts,
  type Hole,
  type NotInFiles,
  type ReceiptsLook,
} from './decide-receipts.js';

const MONTH = { from: Date.parse('2026-10-01T00:00Z'), to: Date.parse('2026-11-01T00:00Z') };
const HOUR = MONTH.from / 3_600_000;
const BUCKET = `${HOUR + 14}/backend`;
const hole = (change: Partial<Hole>): Hole => ({ bucket: BUCKET, deliveries: 0, filtered: 0, ...change });

const verdict = (state: BooksVerdict['state'], missing = 0, missingFiltered = 0): BooksVerdict => ({
  ...{ state, missing, missingFiltered, withoutReceipt: 0 },
});
const of = (one: BooksVerdict, bucket = BUCKET) => new Map([[bucket, one]]);
const none: ReadonlySet<string> = new Set();
const early = `${HOUR - 3}/backend`;
const later = `${MONTH.to / 3_600_000 + 3}/backend`;

const equal: ReceiptsLook = {
  verdicts: of(verdict('complete')),
  accepted: new Set([BUCKET]),
  month: MONTH,
  beginsAt: MONTH.from - 1,
  unknown: 0,
  damaged: [],
  unbalanced: [],
};

test.each<[string, Partial<ReceiptsLook>, string | null]>([
  ['are equal', {}, null],
  ['have a gap, which is a point of its own', { verdicts: of(verdict('gap')) }, null],
  [
    'lack some',
    { verdicts: of(verdict('differs', 3)) },
    'accepted in 2026-10-01T14Z from backend: the books lack 3 (deliveries): they should have it',
  ],
  ['have too many', { verdicts: of(verdict('differs', -1)) }, 'the books have 1 too many (deliveries)'],
  [
    'have too many that were filtered',
    { verdicts: of(verdict('differs', 0, -2)) },
    '2 too many (filtered events)',
  ],
  [
    'are behind',
    { verdicts: of(verdict('waiting', 3)) },
    'lack 3 (deliveries): the archivist has not come so far',
  ],
  [
    'began within the month',
    { verdicts: of(verdict('before', 3)), beginsAt: MONTH.from + 20 * 3_600_000 },
    'the books begin at 2026-10-01T20:00Z',
  ],
  ['of an hour in flight lack some', { verdicts: of(verdict('open', 3)) }, 'or something of it is in flight'],
  ['of an hour in flight have all that is settled', { verdicts: of(verdict('open')) }, null],
  [
    'of an hour that goes on, after the month',
    { verdicts: of(verdict('open', 3), later), accepted: none },
    null,
  ],
  [
    'of that hour, which had events of the month',
    { verdicts: of(verdict('open', 3), later), accepted: new Set([later]) },
    '2026-11-01T03Z from backend: the books lack 3',
  ],
  [
    'lack some after the month, of whatever time',
    { verdicts: of(verdict('differs', 3), later), accepted: none },
    'lack 3',
  ],
  ['lack some of before the month', { verdicts: of(verdict('differs', 3), early), accepted: none }, null],
  [
    'lack some of an hour before that had events of the month',
    { verdicts: of(verdict('differs', 3), early), accepted: new Set([early]) },
    'lack 3',
  ],
  ['have an hour that the ledger has forgotten', { verdicts: new Map() }, 'the ledger has nothing of it'],
  ['do not know what was sent', { unknown: 4 }, 'of 4 deliveries nobody knows what was sent'],
  [
    'have a damaged file',
    { damaged: ['lago/00000001.parquet'] },
    '00000001.parquet is not what its manifest says',
  ],
  [
    'are right, but the account does not add up',
    { unbalanced: [{ hour: HOUR, source: 'backend', difference: 70 }] },
    '2026-10-01T00Z from backend: it does not add up, the difference is 70',
  ],
])('books that %s', (_name, change, against) => {
  const { ok, words } = decideReceipts({ ...equal, ...change });
  expect(ok).toBe(against === null);
  expect(words.join('\n')).toContain(
    against ?? 'the books have all that the ledger has since 2026-10-01T00:00Z',
  );
});

test.each<[string, Partial<Hole>, boolean]>([
  ['of the month', { deliveries: 1, eventFrom: MONTH.from, eventTo: MONTH.from }, false],
  ['around it', { deliveries: 1, eventFrom: MONTH.from - 9, eventTo: MONTH.to + 9 }, false],
  ['before it', { deliveries: 1, eventFrom: MONTH.from - 9, eventTo: MONTH.from - 1 }, true],
  ['after it', { deliveries: 1, eventFrom: MONTH.to, eventTo: MONTH.to }, true],
  ['of no known time', { deliveries: 1 }, false],
  ['of events that were filtered in it', { filtered: 2 }, false],
  ['of events that were filtered after it', { filtered: 2, bucket: `${MONTH.to / 3_600_000}/backend` }, true],
])('a gap %s', (_name, change, ok) => {
  expect(decideGaps([hole(change)], MONTH).ok).toBe(ok);
});

test.each<[Partial<NotInFiles>, string | null]>([
  [{}, null],
  [{ waiting: 1 }, '1 receipt of the month waits in Redis'],
  [
    { spooled: { events: 20, settledAt: Date.parse('2026-11-03T14:59Z') } },
    '20 receipts of the month lie in spools: the archivist makes files of them soon after 2026-11-03T15:00Z',
  ],
])('not in files: %j', (found, against) => {
  const { ok, words } = decideArchived({ waiting: 0, spooled: { events: 0, settledAt: null }, ...found });
  expect(ok).toBe(against === null);
  expect(words.join('\n')).toContain(against ?? 'all of the month is in files');
});
