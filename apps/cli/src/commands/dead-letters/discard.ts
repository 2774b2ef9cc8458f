import {
  type DiscardPlan,
  discard,
  type LetterFilter,
  planDiscard,
  readFilter,
  readWords,
} from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { confirmOrAbort } from '../../terminal/confirm.js';
import { grouped } from '../../terminal/grouped.js';
import { print } from '../../terminal/print.js';
import { shortTime } from '../../terminal/short-time.js';
import { type Column, renderTable, tableWidth } from '../../terminal/table.js';
import { interruptible, watched } from '../../terminal/work.js';
import { printText, wrapText } from '../../terminal/wrap-text.js';

export type DiscardOptions = LetterFilter & {
  all?: boolean;
  because: string;
  as?: string;
  dryRun?: boolean;
  yes?: boolean;
  json?: boolean;
};

/** Takes dead letters away for good: says how many of which, asks, and keeps who did it and why. */
export async function discardLetters(
  ids: string[],
  options: DiscardOptions,
  command: Pick<Command, 'error'>,
): Promise<void> {
  const filter = readFilter(options, ids);
  if (Object.keys(filter).length === 0 && !options.all) {
    command.error('error: say which: ids, a filter such as --reason, or --all');
  }
  const because = readWords('--because', options.because);
  await withOperations(async (ops) => {
    const plan = await watched((work) => planDiscard(ops, filter, work));
    const { letters } = plan;
    if (!options.json)
      print(letters === 0 ? 'No dead letters match.' : renderDiscardPlan(plan, tableWidth()));
    if (letters === 0 || options.dryRun) {
      if (!options.dryRun) await discard(ops, plan, because);
      if (options.json) print(JSON.stringify({ plan: toJson(plan), discarded: 0 }, null, 2));
      return;
    }
    if (!(await confirmOrAbort(`Discard ${grouped(letters)} for good?`, options))) return;
    const { discarded, run, isStopped } = await interruptible((work) => discard(ops, plan, because, work));
    if (isStopped) process.exitCode = 1;
    if (options.json) print(JSON.stringify({ plan: toJson(plan), discarded, run }, null, 2));
    else printText(renderResult(discarded, letters, isStopped));
  }, options);
}

const COLUMNS: Column[] = [
  { head: 'destination', minWidth: 11 },
  { head: 'reason', minWidth: 10 },
  { head: 'letters', align: 'right' },
  { head: 'oldest, UTC' },
  { head: 'newest, UTC' },
];

/** What would be discarded, for people. @param width of the table, in characters */
export function renderDiscardPlan({ groups, letters }: DiscardPlan, width: number): string {
  const rows = groups.map(({ key, letters, oldest, newest }) => [
    key.destination ?? '',
    key.reason ?? '',
    grouped(letters),
    shortTime(oldest),
    shortTime(newest),
  ]);
  return [
    renderTable({ columns: COLUMNS, rows }, width),
    ...[
      `${grouped(letters)} would leave the dead letters and count as discarded. Their events are never billed.`,
      'Only a file brings them back: meterbridge dead-letters export, with the same filter, before.',
    ].map((line) => wrapText(line, width)),
  ].join('\n');
}

function renderResult(discarded: number, planned: number, isStopped: boolean): string {
  const done = `${grouped(discarded)} discarded`;
  if (isStopped) return `Stopped: ${done}, the others are as they were. The same command goes on.`;
  const missing = planned - discarded;
  const gone = `; ${grouped(missing)} had gone meanwhile`;
  return `${done}${missing > 0 ? gone : ''}. Who, when and why: meterbridge dead-letters discards`;
}

function toJson({ groups }: DiscardPlan) {
  return groups.map(({ key, letters, oldest, newest }) => ({
    ...key,
    letters,
    oldest: new Date(oldest).toISOString(),
    newest: new Date(newest).toISOString(),
  }));
}
