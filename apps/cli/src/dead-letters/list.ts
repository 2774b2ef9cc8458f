import { countDeadLetters } from '@meterbridge/queue';
import Table from 'cli-table3';
import { createLineWriter } from '../terminal/line-writer.js';
import { startProgress } from '../terminal/progress.js';
import { shortTime } from '../terminal/short-time.js';
import { type LetterFilter, readFilter } from './filter.js';
import { detailOf, eventNameOf, type LetterEntry, messageIdOf, ruleOf } from './letter.js';
import { destinationsOf, type LetterBox, openLetters, walkLetters } from './open-letters.js';
import { type Count, type Grouping, type Tallied, Tally } from './tally.js';

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
  const box = await openLetters();
  try {
    if (options.by) await printGroups(box, options.by, options);
    else if (options.json) await printLines(box, options);
    else await printPage(box, options);
  } finally {
    box.close();
  }
}

function walk(box: LetterBox, { after, newest = false, ...options }: ListOptions) {
  const from = after === undefined ? {} : { after };
  return walkLetters(box, readFilter(options), { ...from, newestFirst: newest });
}

/** One a line, all of them where nobody says how many. */
async function printLines(box: LetterBox, options: ListOptions): Promise<void> {
  const out = createLineWriter(process.stdout);
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  for await (const entry of walk(box, options)) {
    await out.write(box.scrub(JSON.stringify(summarize(entry, box))));
    left -= 1;
    if (left <= 0) break;
  }
  await out.end();
}

async function printPage(box: LetterBox, options: ListOptions): Promise<void> {
  const limit = options.limit ?? LINES;
  const entries: LetterEntry[] = [];
  for await (const entry of walk(box, options)) {
    entries.push(entry);
    if (entries.length > limit) break;
  }
  const shown = entries.slice(0, limit);
  if (shown.length === 0) {
    return console.log(options.after === undefined ? await sayNone(box, options) : 'No more dead letters.');
  }
  const table = new Table({
    head: ['id', 'dead since, UTC', 'reason', 'rule', 'event', 'detail'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [null, null, null, null, null, 60],
  });
  table.push(...shown.map((entry) => tableRow(entry, box)));
  console.log(table.toString());
  if (entries.length > shown.length) console.log(`… and more: the same with --after ${shown.at(-1)!.id}`);
  console.log('');
  await printCounts(box, readFilter(options));
  console.log(
    '\nOne in full: meterbridge dead-letters show <id>\nOnce mended: meterbridge dead-letters replay --reason <reason>',
  );
}

/** A misspelt reason means no letter: that must not look like there being none. */
async function sayNone(box: LetterBox, options: ListOptions): Promise<string> {
  const filter = readFilter(options);
  const all = Object.keys(filter).length === 0 ? 0 : await box.count({});
  if (all === 0) return 'No dead letters.';
  return `None of ${all.toLocaleString('en')} dead letters match. Which there are: meterbridge dead-letters list --by reason`;
}

/** The ledger knows how many there are of each reason; of anything narrower only a walk over all does. */
async function printCounts(
  box: LetterBox,
  { destination, reason, ...narrower }: LetterFilter,
): Promise<void> {
  if (Object.keys(narrower).length > 0) return console.log('How many in all: the same with --by reason');
  for (const name of destinationsOf(destination === undefined ? {} : { destination }, box)) {
    for (const [which, count] of Object.entries(await countDeadLetters(name, box.redis))) {
      if (reason !== undefined && which !== reason) continue;
      console.log(`${count.toLocaleString('en').padStart(9)}  ${name}  ${which}`);
    }
  }
}

async function printGroups(box: LetterBox, by: Grouping[], options: ListOptions): Promise<void> {
  const tally = new Tally(by, box.customerOf);
  const progress = startProgress('letters', await box.count(readFilter(options)));
  try {
    for await (const entry of walk(box, options)) {
      tally.add(entry);
      progress.add(1);
    }
  } finally {
    progress.end();
  }
  const tallied = tally.result();
  if (options.json) return printJson(tallied);
  if (!tallied.total) return console.log(await sayNone(box, options));
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

function summarize(entry: LetterEntry, { customerOf }: LetterBox) {
  const { id, at, reason, letter } = entry;
  return {
    id,
    at: new Date(at).toISOString(),
    reason,
    source: letter.source,
    rule: ruleOf(letter) || undefined,
    event: eventNameOf(letter) || undefined,
    customer: customerOf(entry),
    messageId: messageIdOf(letter) || undefined,
    detail: detailOf(letter),
  };
}

function tableRow(entry: LetterEntry, { scrub }: LetterBox): string[] {
  const { id, at, reason, letter } = entry;
  return [id, shortTime(at), reason, ruleOf(letter), eventNameOf(letter), scrub(detailOf(letter))];
}
