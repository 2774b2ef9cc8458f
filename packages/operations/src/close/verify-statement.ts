import { DecimalSum, type SpanTotals } from '@meterbridge/receipts';
import { OperationError } from '../operation-error.js';
import type { Work } from '../work.js';
import { counted, deliveries } from './decision.js';
import { findDamaged } from './look-in-books.js';
import { readMonth } from './month.js';
import { type MonthBooks, reading } from './month-books.js';
import type { SignedStatement } from './sign-statement.js';
import type { Statement } from './statement.js';

/** What a statement is worth now. */
export type Verification = {
  statement: Pick<Statement, 'destination' | 'month' | 'closedAt' | 'closedBy'>;
  publicKey: string;
  /** What of the statement the books say otherwise, or the signature. */
  differences: string[];
  /** Receipts of the month that came after it. */
  later: {
    /** Files with so many deliveries of the month. */
    files: { name: string; deliveries: number }[];
    /** What is in no file yet. */
    spooled: number;
    /** What they change by code. */
    codes: CodeChange[];
    filtered: number;
  };
};

/** What a code comes to more than before; less is negative. */
export type CodeChange = {
  code: string;
  events: number;
  late: number;
  duplicates: number;
  sums: Record<string, string>;
};

type Codes = SpanTotals['codes'];

/**
 * Computes again, from the files that a statement names, all that it says; then what there is beyond them.
 * @throws OperationError as the books do, and (`invalid_input`) for a month that is none
 */
export async function verifyStatement(
  { statement, publicKey, doubt }: SignedStatement,
  books: MonthBooks,
  work: Work = {},
): Promise<Verification> {
  const month = readMonth(statement.month);
  if (!month) throw new OperationError('invalid_input', `${statement.month} is no month.`);
  const names = new Set(statement.receipts.map(({ name }) => name));
  const damaged = await findDamaged(books, statement.receipts, work);
  const differences = [
    ...(doubt === null ? [] : [doubt]),
    ...damaged.map((name) => `${name} is not there any more, or not as it was`),
  ];
  const verification: Verification = {
    statement,
    publicKey,
    differences,
    later: { files: [], spooled: 0, codes: [], filtered: 0 },
  };
  if (damaged.length > 0) {
    differences.push('nothing can be computed from other files than the statement names');
    return verification;
  }
  const then = await reading(books, (reader) => reader.totals(month.span), names);
  differences.push(...compareTotals(statement, then));
  verification.later = await reading(books, async (reader) => {
    const now = await reader.totals(month.span);
    const byFile = Object.entries(await reader.deliveriesByFile(month.span));
    return {
      files: byFile
        .filter(([name]) => !names.has(name))
        .map(([name, count]) => ({ name, deliveries: count }))
        .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      spooled: (await reader.spooled(month.span)).events,
      codes: changesOf(then.codes, now.codes),
      filtered: now.filtered - then.filtered,
    };
  });
  return verification;
}

/** Whether the statement says what is. */
export function isAsStated({ differences, later }: Verification): boolean {
  const { files, spooled, codes, filtered } = later;
  return differences.length + files.length + codes.length === 0 && spooled === 0 && filtered === 0;
}

/** What a statement says otherwise than its files. Pure. */
export function compareTotals(
  statement: Pick<Statement, 'codes' | 'unknown' | 'filtered' | 'versions'>,
  now: SpanTotals,
): string[] {
  const differences = changesOf(statement.codes, now.codes).map(
    (change) => `${change.code}: its files come to ${sayChange(change)} than it says`,
  );
  if (now.unknown !== statement.unknown) {
    differences.push(
      `of ${deliveries(now.unknown)} nobody knows what was sent, and it says ${statement.unknown}`,
    );
  }
  if (now.filtered !== statement.filtered) {
    differences.push(`${counted(now.filtered, 'event')} were filtered, and it says ${statement.filtered}`);
  }
  if (now.rules.join() !== statement.versions.rules.join()) {
    differences.push('they were sent by other versions of the rules than it says');
  }
  return differences;
}

/** `2 events more, tokens +12` */
export function sayChange({ events, late, duplicates, sums }: CodeChange): string {
  const parts = [
    ...sayCount(events, 'event'),
    ...sayCount(late, 'late one'),
    ...sayCount(duplicates, 'duplicate'),
    ...Object.entries(sums).map(([name, sum]) => `${name} ${sum.startsWith('-') ? sum : `+${sum}`}`),
  ];
  return parts.join(', ');
}

function sayCount(change: number, what: string): string[] {
  return change === 0 ? [] : [`${counted(Math.abs(change), what)} ${change > 0 ? 'more' : 'fewer'}`];
}

/** By code, what is more than before; codes of which nothing has changed are left out. Pure. */
export function changesOf(before: Codes, after: Codes): CodeChange[] {
  const none = (code: string) => ({ code, events: 0, late: 0, duplicates: 0, sums: {} });
  const names = [...new Set([...before, ...after].map(({ code }) => code))].toSorted();
  const of = (codes: Codes, name: string) => codes.find(({ code }) => code === name) ?? none(name);
  return names.flatMap((name) => {
    const [old, now] = [of(before, name), of(after, name)];
    const change = {
      code: name,
      events: now.events - old.events,
      late: now.late - old.late,
      duplicates: now.duplicates - old.duplicates,
      sums: subtract(now.sums, old.sums),
    };
    const counts = [change.events, change.late, change.duplicates];
    return counts.some((each) => each !== 0) || Object.keys(change.sums).length > 0 ? [change] : [];
  });
}

function subtract(now: Record<string, string>, old: Record<string, string>): Record<string, string> {
  const names = [...new Set([...Object.keys(now), ...Object.keys(old)])].toSorted();
  const changes = names.map((name) => {
    const sum = new DecimalSum();
    sum.add(now[name] ?? '0');
    const taken = old[name] ?? '0';
    sum.add(taken.startsWith('-') ? taken.slice(1) : `-${taken}`);
    return [name, String(sum)] as const;
  });
  return Object.fromEntries(changes.filter(([, sum]) => sum !== '0'));
}
