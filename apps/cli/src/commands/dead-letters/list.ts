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
  type Operations,
  pageLetters,
  readFilter,
  ruleOf,
  summarizeLetter,
  type Tallied,
  walkLetters,
} from '@meterbridge/operations';
import Table from 'cli-table3';
import { withOperations } from '../../load-context.js';
import { createLineWriter } from '../../terminal/line-writer.js';
import { shortTime } from '../../terminal/short-time.js';
import { watched } from '../../terminal/work.js';

export type ListOptions = LetterFilter & {
  by?: Grouping[];
  limit?: number;
  after?: string;
  newest?: boolean;
  json?: boolean;
};

const LINES = 20;

/** Prints a page of dead letters, or how many there are by what they have in common. */
export async function listDeadLetters(options: ListOptions): Promise<void> {
  await withOperations(async (ops) => {
    if (options.by) await printGroups(ops, options.by, options);
    else if (options.json) await printLines(ops, options);
    else await printPage(ops, options);
  });
}

function orderOf({ after, newest = false }: ListOptions) {
  return { after, newestFirst: newest };
}

/** One a line, all of them where nobody says how many. */
async function printLines(ops: Operations, options: ListOptions): Promise<void> {
  const out = createLineWriter(process.stdout);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const entry of walkLetters(ops, readFilter(options), orderOf(options))) {
    await out.write(ops.scrub(JSON.stringify(summarizeLetter(entry, ops))));
    left -= 1;
    if (left <= 0) break;
  }
  await out.end();
}

async function printPage(ops: Operations, options: ListOptions): Promise<void> {
  const limit = options.limit ?? LINES;
  const { entries, hasMore } = await pageLetters(ops, readFilter(options), { ...orderOf(options), limit });
  if (entries.length === 0) {
    return console.log(options.after === undefined ? await sayNone(ops, options) : 'No more dead letters.');
  }
  const table = new Table({
    head: ['id', 'dead since, UTC', 'reason', 'rule', 'event', 'detail'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [null, null, null, null, null, 60],
  });
  table.push(...entries.map((entry) => tableRow(entry, ops)));
  console.log(table.toString());
  if (hasMore) console.log(`… and more: the same with --after ${entries.at(-1)!.id}`);
  console.log('');
  await printCounts(ops, readFilter(options));
  console.log(
    '\nOne in full: meterbridge dead-letters show <id>\nOnce mended: meterbridge dead-letters replay --reason <reason>',
  );
}

/** A misspelt reason means no letter: that must not look like there being none. */
async function sayNone(ops: Operations, options: ListOptions): Promise<string> {
  const filter = readFilter(options);
  const all = Object.keys(filter).length === 0 ? 0 : await countAtMost({}, ops);
  if (all === 0) return 'No dead letters.';
  return `None of ${all.toLocaleString('en')} dead letters match. Which there are: meterbridge dead-letters list --by reason`;
}

/** The ledger knows how many there are of each reason; of anything narrower only a walk over all does. */
async function printCounts(
  ops: Operations,
  { destination, reason, ...narrower }: LetterFilter,
): Promise<void> {
  if (Object.keys(narrower).length > 0) return console.log('How many in all: the same with --by reason');
  for (const counted of await countByReason(ops, { destination, reason })) {
    const letters = counted.letters.toLocaleString('en').padStart(9);
    console.log(`${letters}  ${counted.destination}  ${counted.reason}`);
  }
}

async function printGroups(ops: Operations, by: Grouping[], options: ListOptions): Promise<void> {
  const tallied = await watched((work) => countLetters(ops, readFilter(options), by, orderOf(options), work));
  if (options.json) return printJson(tallied);
  if (!tallied.total) return console.log(await sayNone(ops, options));
  console.log(renderGroups(tallied, by, options.limit ?? LINES));
}

function printJson({ groups, others }: Tallied): void {
  const times = ({ letters, oldest, newest }: Count) => ({
    letters,
    oldest: new Date(oldest).toISOString(),
    newest: new Date(newest).toISOString(),
  });
  for (const group of groups) console.log(JSON.stringify({ ...group.key, ...times(group) }));
  if (others) console.log(JSON.stringify({ others: true, ...times(others) }));
}

function renderGroups({ groups, others, total }: Tallied, by: Grouping[], limit: number): string {
  const table = new Table({
    head: [...by, 'letters', 'oldest, UTC', 'newest, UTC'],
    colAligns: [...by.map(() => 'left' as const), 'right'],
    style: { head: [], border: [] },
    wordWrap: true,
  });
  const counts = ({ letters, oldest, newest }: Count) => [
    letters.toLocaleString('en'),
    shortTime(oldest),
    shortTime(newest),
  ];
  const row = (name: string, count: Count) => [
    ...by.map((_, at) => (at === 0 ? name : '')),
    ...counts(count),
  ];
  for (const group of groups.slice(0, limit)) {
    table.push([...by.map((what) => group.key[what] || '-'), ...counts(group)]);
  }
  const more = groups.length - limit;
  if (others) table.push(row('… and others', others));
  table.push(row('total', total!));
  return [
    table.toString(),
    ...(more > 0 ? [`… and ${more.toLocaleString('en')} smaller groups (--limit)`] : []),
    ...(others ? [`Only the first ${groups.length.toLocaleString('en')} groups are counted apart.`] : []),
  ].join('\n');
}

function tableRow(entry: LetterEntry, { scrub }: Operations): string[] {
  const { id, at, reason, letter } = entry;
  return [id, shortTime(at), reason, ruleOf(letter), eventNameOf(letter), scrub(detailOf(letter))];
}
