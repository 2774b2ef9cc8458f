import type {
  AuditGrouping,
  AuditReport,
  BooksState,
  BooksVerdict,
  ReportLine,
} from '@meterbridge/operations';
import type { AuditLine, Balance } from '@meterbridge/queue';
import { duplicateWords } from '../../terminal/duplicate-words.js';
import { grouped } from '../../terminal/grouped.js';
import { lateWords } from '../../terminal/late-words.js';
import { isoHour } from '../../terminal/read-since.js';
import { type Cell, type Column, renderTable, type Table } from '../../terminal/table.js';
import { wrapText } from '../../terminal/wrap-text.js';

type CountColumn = Column & { count: keyof Balance };

const COUNTS: CountColumn[] = (
  [
    { count: 'accepted', head: 'accepted' },
    { count: 'delivered', head: 'delivered' },
    { count: 'duplicate', head: 'duplicate', dropRank: 4 },
    { count: 'filtered', head: 'filtered', dropRank: 3 },
    { count: 'dead', head: 'dead' },
    { count: 'discarded', head: 'discarded', dropRank: 2 },
    { count: 'inFlight', head: 'in flight' },
    { count: 'difference', head: 'difference', dropRank: 1 },
  ] as const
).map((column) => ({ ...column, align: 'right' }));
const NAMES: AuditGrouping[] = ['hour', 'destination', 'source'];

/** A table for people: the newest hours and the total are where the eye ends. @param width in characters */
export function renderReport(
  { lines, total, unbalanced, unbooked }: AuditReport,
  width: number,
  by?: AuditGrouping,
): string {
  const names = NAMES.filter((name) => !by || name === by);
  // Most have never discarded anything.
  const shown = COUNTS.filter(
    ({ count }) => count !== 'discarded' || lines.some(({ discarded }) => discarded !== 0),
  );
  const counts = (balance: Balance) => shown.map(({ count }) => grouped(balance[count]));
  const hasBooks = lines.some(({ books }) => books);
  const booksOf = (line: ReportLine) => (hasBooks ? [line.books ? booksWords(line.books) : ''] : []);
  const table: Table = {
    columns: [
      ...names.map((name) => (name === 'hour' ? { head: 'hour, UTC' } : { head: name, minWidth: 11 })),
      ...shown.map((column) => (isNothing(column, lines) ? { ...column, dropRank: ALL_ZERO } : column)),
      ...(hasBooks ? [{ head: 'books' }] : []),
    ],
    rows: lines.map((line) => [
      ...names.map((name) => nameOf(line, name)),
      ...counts(line),
      ...booksOf(line),
    ]),
    total: [
      ...names.map((_, index) => (index === 0 ? 'total' : '')),
      ...counts(total),
      ...(hasBooks ? [''] : []),
    ],
  };
  return [
    renderTable(table, width),
    ...[
      ...duplicateWords(total),
      ...lateWords({ late: total.late, lateUsage: [] }),
      ...notKeptWords(total),
      '',
      unbalanced.length === 0 ? BALANCED : renderUnbalanced(unbalanced),
      ...renderUnbooked(unbooked),
    ].map((text) => wrapText(text, width)),
  ].join('\n');
}

const STATES: Record<Exclude<BooksState, 'differs' | 'gap'>, string> = {
  complete: 'all',
  before: 'before',
  open: 'open',
  waiting: 'waits',
};

function booksWords({ state, withoutReceipt }: BooksVerdict): Cell {
  if (state === 'differs') return { text: 'differs', how: 'red' };
  return state === 'gap' ? { text: `gap ${grouped(withoutReceipt)}`, how: 'yellow' } : STATES[state];
}

function differenceWords(count: number): string {
  return count > 0 ? `${grouped(count)} missing` : `${grouped(-count)} more`;
}

/** Where there is little room, what is 0 everywhere goes before any other column. */
const ALL_ZERO = 9;

function isNothing({ count }: CountColumn, lines: readonly ReportLine[]): boolean {
  const isAsked = count === 'accepted' || count === 'delivered';
  return !isAsked && lines.every((line) => line[count] === 0);
}

const BALANCED =
  'It adds up: accepted = delivered + duplicate + filtered + dead + discarded + in flight, in every hour.';

/** What somebody should know of the discarded ones; nothing where a person has discarded them all. */
function notKeptWords({ notKept }: Balance): string[] {
  if (notKept === 0) return [];
  const count = grouped(notKept);
  return [`${count} of the discarded are events that the receiver refused and counted, and did not keep`];
}

function nameOf(line: ReportLine, name: AuditGrouping): string {
  if (name !== 'hour') return line[name] ?? '';
  return typeof line.hour === 'number' ? isoHour(line.hour).replace('T', ' ').replace('Z', '') : 'earlier';
}

function renderUnbalanced(unbalanced: AuditLine[]): string {
  return [
    'IT DOES NOT ADD UP. Something was lost or counted twice:',
    ...unbalanced.map((line) => `  ${whereOf(line)}: ${explain(line)}`),
    '',
    "Change nothing in Redis: the hour stays here as evidence. Look at the logs of receiver and workers for that hour, and for hands in Redis' keys. What is missing has to be sent again for that hour; events keep their messageId, so what had arrived is not billed twice. See docs/runbook.md, 'It does not add up'.",
  ].join('\n');
}

/** The books are complete for these hours, and have something else than the ledger; nothing where none differs. */
function renderUnbooked(unbooked: AuditReport['unbooked']): string[] {
  if (unbooked.length === 0) return [];
  return [
    [
      '',
      'THE BOOKS DIFFER FROM THE LEDGER:',
      ...unbooked.map((line) => `  ${whereOf(line)}: ${unbookedWords(line.books)}`),
      '',
      "What is missing was settled and has no receipt: by a process whose configuration keeps none, or since receipts were lost on the archivist's disk. The bill is not concerned; reconcile and explain do not know of it. See docs/runbook.md, 'The books lack something'.",
    ].join('\n'),
  ];
}

function unbookedWords({ missing, missingFiltered }: BooksVerdict): string {
  const words = [
    ...(missing === 0 ? [] : [`deliveries: ${differenceWords(missing)}`]),
    ...(missingFiltered === 0 ? [] : [`events that no rule took: ${differenceWords(missingFiltered)}`]),
  ];
  return words.join('; ');
}

function whereOf({ destination, hour, source }: AuditLine): string {
  return hour === null
    ? `${destination}, of no hour that is kept`
    : `${destination}, from ${source}, accepted in the hour of ${isoHour(hour)}`;
}

function explain({ difference, hour, dead }: AuditLine): string {
  const count = grouped(Math.abs(difference));
  if (hour === null && dead < 0) return `${count} dead letters were counted and are gone`;
  return difference > 0
    ? `${count} were accepted and are nowhere: not delivered, not filtered, not dead or discarded, not waiting`
    : `${count} more have an outcome, or wait, than were accepted`;
}
