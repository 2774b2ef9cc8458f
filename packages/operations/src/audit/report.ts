import type { AuditLine, Balance } from '@meterbridge/queue';
import { addVerdicts, type BooksVerdict } from './judge-books.js';

export type Grouping = 'hour' | 'source' | 'destination';

/** A line of the report: of a group, only what they have in common is named. */
export type ReportLine = Balance &
  Partial<Pick<AuditLine, 'hour' | 'source' | 'destination'>> & {
    /** Absent where no books are kept, or are not asked: of the receiver, and of what no hour has. */
    books?: BooksVerdict | undefined;
  };

/** A line, and what its destination's books have of it. */
export type CheckedLine = AuditLine & Pick<ReportLine, 'books'>;

export type AuditReport = {
  /** Oldest hour first. */
  lines: ReportLine[];
  total: Balance;
  /** What does not add up, hour by hour and source by source, however the lines are grouped. */
  unbalanced: AuditLine[];
  /** Of which the books do not have what they should, in the same way. */
  unbooked: (AuditLine & { books: BooksVerdict })[];
};

export type AuditFilter = {
  source?: string;
  /** The first hour that counts, in hours since 1970. */
  sinceHour?: number;
  /** Of the hours that begin before this moment, epoch milliseconds. */
  until?: number;
  by?: Grouping;
};

/** The lines that are asked for. Pure. What no hour has is left out where an hour or a source is asked for. */
export function chooseLines<Line extends AuditLine>(
  all: readonly Line[],
  { source, sinceHour, until }: AuditFilter,
): Line[] {
  return all
    .filter((line) => source === undefined || line.source === source)
    .filter(({ hour }) => sinceHour === undefined || (hour !== null && hour >= sinceHour))
    .filter(({ hour }) => until === undefined || (hour !== null && hour * HOUR_MS < until));
}

/** What is asked for of all lines there are. Pure. */
export function reportAudit(all: readonly CheckedLine[], filter: AuditFilter): AuditReport {
  const { by } = filter;
  const chosen = chooseLines(all, filter).toSorted(byHourThenName);
  return {
    lines: by ? group(chosen, by) : chosen,
    total: add(chosen),
    unbalanced: chosen.filter(({ difference }) => difference !== 0).map(withoutBooks),
    unbooked: chosen.flatMap((line) =>
      line.books?.state === 'differs' ? [{ ...line, books: line.books }] : [],
    ),
  };
}

const HOUR_MS = 3_600_000;

function withoutBooks({ books: _books, ...line }: CheckedLine): AuditLine {
  return line;
}

function group(lines: readonly CheckedLine[], by: Grouping): ReportLine[] {
  const groups = new Map<AuditLine[Grouping], ReportLine>();
  for (const line of lines) {
    const key = line[by];
    const known = groups.get(key);
    const verdicts = [known?.books, line.books].filter((each) => each !== undefined);
    const books = verdicts.length === 0 ? {} : { books: verdicts.reduce(addVerdicts) };
    groups.set(key, { [by]: key, ...add([known ?? NOTHING, line]), ...books });
  }
  const grouped = [...groups.values()];
  return by === 'hour' ? grouped : grouped.toSorted((one, other) => compare(one[by], other[by]));
}

const NOTHING: Balance = {
  accepted: 0,
  delivered: 0,
  duplicate: 0,
  late: 0,
  olderRule: 0,
  notCompared: 0,
  filtered: 0,
  dead: 0,
  discarded: 0,
  notKept: 0,
  inFlight: 0,
  difference: 0,
};

function add(balances: Balance[]): Balance {
  const sum = { ...NOTHING };
  for (const balance of balances) {
    for (const count of Object.keys(sum) as (keyof Balance)[]) sum[count] += balance[count];
  }
  return sum;
}

function byHourThenName(one: AuditLine, other: AuditLine): number {
  return (
    (one.hour ?? 0) - (other.hour ?? 0) ||
    compare(one.destination, other.destination) ||
    compare(one.source, other.source)
  );
}

/** What has no name comes first. */
function compare(one: string | null | undefined, other: string | null | undefined): number {
  return (one ?? '').localeCompare(other ?? '', 'en');
}
