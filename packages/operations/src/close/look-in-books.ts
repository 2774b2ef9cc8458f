import type { Arrivals, EventSpan, ManifestFile, SpanTotals, SpooledReceipts } from '@meterbridge/receipts';
import { startCounting, type Work } from '../work.js';
import type { Hole } from './decide-receipts.js';
import { type MonthBooks, reading } from './month-books.js';

/** What the books say of a month, all of one moment. */
export type BooksLook = {
  holes: Hole[];
  /** When the first receipt that there is was settled, epoch milliseconds. */
  beginsAt: number | null;
  arrivals: Arrivals[];
  spooled: SpooledReceipts;
  /** The files that the month rests on, and what they come to. */
  files: ManifestFile[];
  totals: SpanTotals;
  /** Of these files: those that are not what their manifest says. */
  damaged: string[];
};

/** Of books in which something is not what it should be: rows of that say nothing. */
const NOTHING = {
  arrivals: [],
  spooled: { events: 0, settledAt: null },
  totals: { codes: [], unknown: 0, filtered: 0, rules: [] },
};

/** Reads them; what comes later is not in it. */
export async function lookInBooks(books: MonthBooks, month: EventSpan, work: Work): Promise<BooksLook> {
  const look = await reading(books, async (reader) => {
    const files = reader.filesOf(month);
    const damaged = await findDamaged(books, files, work);
    const beginsAt = await reader.beginsAt();
    const known = { ...NOTHING, files, damaged, beginsAt, holes: (await reader.counts()).gaps };
    if (damaged.length > 0) return known;
    return { ...known, spooled: await reader.spooled(month), arrivals: await reader.arrivals(month) };
  });
  if (look.damaged.length > 0) return look;
  const names = new Set(look.files.map(({ name }) => name));
  return { ...look, totals: await reading(books, (reader) => reader.totals(month), names) };
}

/** Files that are gone, or not what was written. */
export async function findDamaged(
  { sha256 }: Pick<MonthBooks, 'sha256'>,
  files: readonly Pick<ManifestFile, 'name' | 'sha256'>[],
  work: Work,
): Promise<string[]> {
  const progress = startCounting(work, 'files of the books', files.length);
  const damaged: string[] = [];
  for (const file of files) {
    if ((await sha256(file.name)) !== file.sha256) damaged.push(file.name);
    progress.add(1);
  }
  return damaged;
}
