import {
  type DiscardPlan,
  discard,
  type LetterFilter,
  planDiscard,
  readFilter,
  readWords,
} from '@meterbridge/operations';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { confirmOrAbort } from '../../terminal/confirm.js';
import { shortTime } from '../../terminal/short-time.js';
import { interruptible, watched } from '../../terminal/work.js';

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
    if (!options.json) console.log(letters === 0 ? 'No dead letters match.' : renderPlan(plan));
    if (letters === 0 || options.dryRun) {
      if (!options.dryRun) await discard(ops, plan, because);
      if (options.json) console.log(JSON.stringify({ plan: toJson(plan), discarded: 0 }, null, 2));
      return;
    }
    if (!(await confirmOrAbort(`Discard ${letters.toLocaleString('en')} for good?`, options))) return;
    const { discarded, run, isStopped } = await interruptible((work) => discard(ops, plan, because, work));
    if (isStopped) process.exitCode = 1;
    if (options.json) console.log(JSON.stringify({ plan: toJson(plan), discarded, run }, null, 2));
    else console.log(renderResult(discarded, letters, isStopped));
  }, options);
}

function renderPlan({ groups, letters }: DiscardPlan): string {
  const table = new Table({
    head: ['destination', 'reason', 'letters', 'oldest, UTC', 'newest, UTC'],
    colAligns: ['left', 'left', 'right'],
    style: { head: [], border: [] },
  });
  for (const { key, letters, oldest, newest } of groups) {
    const { destination, reason } = key;
    table.push([destination, reason, letters.toLocaleString('en'), shortTime(oldest), shortTime(newest)]);
  }
  return [
    table.toString(),
    `${letters.toLocaleString('en')} would leave the dead letters and count as discarded. Their events are never billed.`,
    'Only a file brings them back: meterbridge dead-letters export, with the same filter, before.',
  ].join('\n');
}

function renderResult(discarded: number, planned: number, isStopped: boolean): string {
  const done = `${discarded.toLocaleString('en')} discarded`;
  if (isStopped) return `Stopped: ${done}, the others are as they were. The same command goes on.`;
  const missing = planned - discarded;
  const gone = `; ${missing.toLocaleString('en')} had gone meanwhile`;
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
