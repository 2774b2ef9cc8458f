import { findDeadLetter } from '@meterbridge/queue';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { addFilterOptions, type LetterFilter, readFilter } from '../dead-letters/filter.js';
import {
  destinationOf,
  detailOf,
  eventNameOf,
  isDelivery,
  type Letter,
  type LetterEntry,
  ruleOf,
} from '../dead-letters/letter.js';
import { goneText, openLetters, walkLetters } from '../dead-letters/open-letters.js';
import { CommandError } from '../load-context.js';
import { readCount } from '../read-arguments.js';
import { addReplay } from './replay.js';

type ListOptions = LetterFilter & { json?: boolean; limit: number };

/** Prints dead letters, oldest first, and how many there are by reason. */
export async function listDeadLetters(options: ListOptions): Promise<void> {
  const box = await openLetters();
  try {
    const byReason = new Map<string, number>();
    const rows: string[][] = [];
    let total = 0;
    for await (const entry of walkLetters(box, readFilter(options))) {
      total += 1;
      const group = `${destinationOf(entry)}  ${entry.reason}`;
      byReason.set(group, (byReason.get(group) ?? 0) + 1);
      if (options.json) console.log(JSON.stringify(summarize(entry)));
      else if (rows.length < options.limit) rows.push(tableRow(entry));
    }
    if (options.json) return;
    if (total === 0) return console.log('No dead letters.');
    const table = new Table({
      head: ['id', 'at', 'reason', 'rule', 'event', 'detail'],
      style: { head: [], border: [] },
      wordWrap: true,
      colWidths: [null, null, null, null, null, 60],
    });
    table.push(...rows);
    console.log(table.toString());
    if (rows.length < total)
      console.log(`… and ${(total - rows.length).toLocaleString('en')} more (--limit)`);
    console.log('');
    for (const [group, count] of byReason) console.log(`${count.toLocaleString('en').padStart(9)}  ${group}`);
    console.log('\nOne in full: dead-letters show <id>.  Once mended: dead-letters replay --reason <reason>');
  } finally {
    box.close();
  }
}

/** Prints one dead letter in full: the event, why it is here, what the API said, earlier lives. */
export async function showDeadLetter(id: string, options: { json?: boolean }): Promise<void> {
  const { redis, close } = await openLetters();
  try {
    const entry = await findDeadLetter<Letter>(id, redis);
    if (!entry) throw new CommandError(goneText(id));
    if (options.json) return console.log(JSON.stringify(entry));
    const { letter } = entry;
    const facts: [string, unknown][] = [
      ['id', entry.id],
      ['dead since', new Date(entry.at).toISOString()],
      ['reason', entry.reason],
      ['detail', detailOf(letter)],
      ['source', letter.source],
    ];
    if ('rule' in letter) {
      const { tries, rule, history } = letter;
      facts.push(['rule', rule], ['attempts', tries.attempts], ['last status', tries.lastStatus]);
      for (const life of history ?? [])
        facts.push([
          'before',
          `${life.reason} (${life.detail ?? ''}), replayed ${new Date(life.at).toISOString()}`,
        ]);
    }
    for (const [name, value] of facts)
      if (value !== undefined) console.log(`${`${name}:`.padEnd(13)}${value}`);
    console.log(`event:\n${JSON.stringify('event' in letter ? letter.event : letter.raw, null, 2)}`);
  } finally {
    close();
  }
}

function summarize({ id, at, reason, letter }: LetterEntry) {
  const rule = isDelivery(letter) ? letter.rule : undefined;
  return {
    id,
    at: new Date(at).toISOString(),
    reason,
    source: letter.source,
    rule,
    detail: detailOf(letter),
  };
}

function tableRow(entry: LetterEntry): string[] {
  const { letter } = entry;
  const at = new Date(entry.at).toISOString().slice(0, 19);
  return [entry.id, at, entry.reason, ruleOf(letter), eventNameOf(letter), detailOf(letter)];
}

/** `meterbridge dead-letters` */
export function addDeadLetters(program: Command): void {
  const deadLetters = program.command('dead-letters').description('what could not be delivered, and why');

  addFilterOptions(deadLetters.command('list').description('oldest first, with counts by reason'))
    .option('--limit <n>', 'lines to print', readCount, 20)
    .option('--json', 'one JSON object a line, all of them')
    .addHelpText(
      'after',
      '\nExamples:\n  meterbridge dead-letters list --reason unmapped\n  meterbridge dead-letters list --json | jq .detail',
    )
    .action(listDeadLetters);

  deadLetters
    .command('show <id>')
    .description('one in full: the event, why it is here, what the API said')
    .option('--json', 'for machines')
    .action(showDeadLetter);

  addReplay(deadLetters);
}
