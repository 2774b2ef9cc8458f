import {
  type Count,
  countAtMost,
  countByReason,
  countLetters,
  detailOf,
  eventNameOf,
  type Grouping,
  type LetterEntry,
  type LetterFilter,
  newerLetterWords,
  pageLetters,
  type RunningSystem,
  readFilter,
  ruleOf,
  summarizeLetter,
  type Tallied,
  walkLetters,
} from '@meterbridge/operations';
import { withRunningSystem } from '../../load-context.js';
import { countRow } from '../../terminal/count-row.js';
import { grouped } from '../../terminal/grouped.js';
import { howToRun, listSteps } from '../../terminal/hint.js';
import { createLineWriter } from '../../terminal/line-writer.js';
import { print } from '../../terminal/print.js';
import { shortTime } from '../../terminal/short-time.js';
import { type Column, renderTable, type TableOptions, tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';

export type ListOptions = LetterFilter &
  TableOptions & {
    by?: Grouping[];
    limit?: number;
    after?: string;
    newest?: boolean;
    json?: boolean;
  };

const LINES = 20;

/** Prints a page of dead letters, or how many there are by what they have in common. */
export async function listDeadLetters(options: ListOptions): Promise<void> {
  await withRunningSystem(async (ops) => {
    if (options.by) await printGroups(ops, options.by, options);
    else if (options.json) await printLines(ops, options);
    else await printPage(ops, options);
  });
}

function orderOf({ after, newest = false }: ListOptions) {
  return { after, newestFirst: newest };
}

/** One a line, all of them where nobody says how many. */
async function printLines(ops: RunningSystem, options: ListOptions): Promise<void> {
  const out = createLineWriter(process.stdout);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const entry of walkLetters(ops, readFilter(options), orderOf(options))) {
    await out.write(ops.scrub(JSON.stringify(summarizeLetter(entry, ops))));
    left -= 1;
    if (left <= 0) break;
  }
  await out.end();
}

async function printPage(ops: RunningSystem, options: ListOptions): Promise<void> {
  const limit = options.limit ?? LINES;
  const { entries, hasMore } = await pageLetters(ops, readFilter(options), { ...orderOf(options), limit });
  if (entries.length === 0) {
    return print(options.after === undefined ? await sayNone(ops, options) : 'No more dead letters.');
  }
  print(renderLetters(entries, ops, tableWidth(options)));
  if (hasMore) print(`… and more: the same with --after ${entries.at(-1)!.id}`);
  print('');
  await printCounts(ops, readFilter(options));
  const { id, reason } = entries[0]!;
  const steps: [string, string][] = [
    [howToRun(`dead-letters show ${id}`), 'one in full'],
    [howToRun(`dead-letters replay --reason ${reason} --dry-run`), 'once mended: what a replay would do'],
  ];
  print(`\nNext:\n${listSteps(steps, tableWidth(options)).join('\n')}`);
}

/** A misspelt reason means no letter: that must not look like there being none. */
async function sayNone(ops: RunningSystem, options: ListOptions): Promise<string> {
  const filter = readFilter(options);
  const all = Object.keys(filter).length === 0 ? 0 : await countAtMost({}, ops);
  if (all === 0) return 'No dead letters.';
  return `None of ${grouped(all)} dead letters match. Which there are: meterbridge dead-letters list --by reason`;
}

/** The ledger knows how many there are of each reason; of anything narrower only a walk over all does. */
async function printCounts(
  ops: RunningSystem,
  { destination, reason, ...narrower }: LetterFilter,
): Promise<void> {
  if (Object.keys(narrower).length > 0) return print('How many in all: the same with --by reason');
  for (const counted of await countByReason(ops, { destination, reason })) {
    print(countRow(counted.letters, `${counted.destination}  ${counted.reason}`));
  }
}

async function printGroups(ops: RunningSystem, by: Grouping[], options: ListOptions): Promise<void> {
  const tallied = await watched((work) => countLetters(ops, readFilter(options), by, orderOf(options), work));
  if (options.json) return printJson(tallied);
  if (!tallied.total) return print(await sayNone(ops, options));
  print(renderGroups(tallied, by, options.limit ?? LINES, tableWidth(options)));
}

function printJson({ groups, others }: Tallied): void {
  const times = ({ letters, oldest, newest }: Count) => ({
    letters,
    oldest: new Date(oldest).toISOString(),
    newest: new Date(newest).toISOString(),
  });
  for (const group of groups) print(JSON.stringify({ ...group.key, ...times(group) }));
  if (others) print(JSON.stringify({ others: true, ...times(others) }));
}

/** Tallied groups, the largest first. @param width of the table, in characters */
export function renderGroups(
  { groups, others, total }: Tallied,
  by: readonly Grouping[],
  limit: number,
  width: number,
): string {
  const columns: Column[] = [
    ...by.map((head) => ({ head, minWidth: 10 })),
    { head: 'letters', align: 'right' },
    { head: 'oldest, UTC', dropRank: 2 },
    { head: 'newest, UTC', dropRank: 1 },
  ];
  const counts = ({ letters, oldest, newest }: Count) => [
    grouped(letters),
    shortTime(oldest),
    shortTime(newest),
  ];
  const row = (name: string, count: Count) => [
    ...by.map((_, at) => (at === 0 ? name : '')),
    ...counts(count),
  ];
  const rows = groups
    .slice(0, limit)
    .map((group) => [...by.map((what) => group.key[what] || '-'), ...counts(group)]);
  if (others) rows.push(row('… and others', others));
  const more = groups.length - limit;
  return [
    renderTable({ columns, rows, total: row('total', total!) }, width),
    ...(more > 0 ? [`… and ${grouped(more)} smaller groups (--limit)`] : []),
    ...(others ? [`Only the first ${grouped(groups.length)} groups are counted apart.`] : []),
  ].join('\n');
}

const LETTER_COLUMNS: Column[] = [
  { head: 'id' },
  { head: 'dead since, UTC', dropRank: 2 },
  { head: 'reason', minWidth: 8 },
  { head: 'rule', minWidth: 8, dropRank: 1 },
  { head: 'event', minWidth: 10 },
  { head: 'detail', minWidth: 20 },
];

/** Of a detail where there is little room; all of it stands in the letter. In characters. */
const SHORT_DETAIL = 160;

/** A page of dead letters, a row each. @param width of the table, in characters */
export function renderLetters(
  entries: readonly LetterEntry[],
  { scrub, formats }: Pick<RunningSystem, 'scrub' | 'formats'>,
  width: number,
): string {
  const rows = entries.map((entry) => {
    const { id, at, reason, newer } = entry;
    if (newer !== undefined) return [id, shortTime(at), reason, '', '', newerLetterWords(newer, formats)];
    const { letter } = entry;
    const detail = scrub(detailOf(letter));
    const isLong = Number.isFinite(width) && detail.length > SHORT_DETAIL;
    const shown = isLong ? `${detail.slice(0, SHORT_DETAIL)}…` : detail;
    return [id, shortTime(at), reason, ruleOf(letter), eventNameOf(letter), shown];
  });
  return renderTable({ columns: LETTER_COLUMNS, rows }, width);
}
