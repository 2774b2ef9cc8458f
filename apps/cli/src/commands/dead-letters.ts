import type { DeadLetter } from '@meterbridge/delivery';
import {
  type DeadLetterEntry,
  findDeadLetter,
  RECEIVER,
  type RejectedEvent,
  readDeadLetters,
} from '@meterbridge/queue';
import Table from 'cli-table3';
import type { Command } from 'commander';
import { CommandError, openRedis, readCommandEnv, readConfig } from '../load-context.js';
import { readCount } from '../read-arguments.js';
import { replayDestination } from '../replay/replay-destination.js';
import { replayReceiver } from '../replay/replay-receiver.js';

export type Letter = DeadLetter | RejectedEvent;
export type Filter = { destination?: string; reason?: string };
type ListOptions = Filter & { json?: boolean; limit: number };
type ReplayOptions = Filter & { all?: boolean; json?: boolean };

/** Prints dead letters, oldest first, and how many there are by reason. */
export async function listDeadLetters(options: ListOptions): Promise<void> {
  const { names, redis, close } = await open(options);
  try {
    const byReason = new Map<string, number>();
    const rows: string[][] = [];
    let total = 0;
    for (const name of names) {
      for await (const entry of readDeadLetters<Letter>(name, redis, options)) {
        total += 1;
        const group = `${name}  ${entry.reason}`;
        byReason.set(group, (byReason.get(group) ?? 0) + 1);
        if (options.json) console.log(JSON.stringify(summarize(entry)));
        else if (rows.length < options.limit) rows.push(tableRow(entry));
      }
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
    close();
  }
}

/** Prints one dead letter in full: the event, why it is here, what the API said, earlier lives. */
export async function showDeadLetter(id: string, options: { json?: boolean }): Promise<void> {
  const { redis, close } = await open({});
  try {
    const entry = await findDeadLetter<Letter>(id, redis);
    if (!entry)
      throw new CommandError(`no dead letter ${id}: it may have been replayed; see dead-letters list`);
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

/** Puts dead letters back on their queue; they are mapped anew with the configuration of now. */
export async function replayDeadLetters(ids: string[], options: ReplayOptions): Promise<void> {
  if (ids.length === 0 && !options.all && !options.reason && !options.destination) {
    throw new CommandError('say which: ids, --reason, --destination, or --all');
  }
  const { config, names, redis, close } = await open(options);
  try {
    const counts: Record<string, number> = {};
    for (const name of names) {
      const entries =
        ids.length > 0 ? findEach(name, ids, redis) : readDeadLetters<Letter>(name, redis, options);
      const replay = name === RECEIVER ? replayReceiver : replayDestination;
      for await (const [what, count] of replay(name, entries, config, redis)) {
        counts[what] = (counts[what] ?? 0) + count;
        if (process.stderr.isTTY)
          process.stderr.write(`\r${(counts.replayed ?? 0).toLocaleString('en')} replayed`);
      }
    }
    if (process.stderr.isTTY) process.stderr.write('\r');
    if (options.json) return console.log(JSON.stringify(counts));
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (total === 0) return console.log('No dead letters match.');
    for (const [what, count] of Object.entries(counts))
      console.log(`${count.toLocaleString('en').padStart(9)}  ${what}`);
    console.log('They are delivered by the worker now; those that fail again come back with their history.');
  } finally {
    close();
  }
}

async function open(filter: Filter) {
  const config = readConfig(readCommandEnv(process.env));
  const all = [...config.destinations.map(({ name }) => name), RECEIVER];
  if (filter.destination && !all.includes(filter.destination)) {
    throw new CommandError(`no destination ${filter.destination}; there are ${all.join(', ')}`);
  }
  const redis = await openRedis(config.redis.url);
  return {
    config,
    names: filter.destination ? [filter.destination] : all,
    redis,
    close: () => redis.disconnect(),
  };
}

async function* findEach(
  destination: string,
  ids: string[],
  redis: Awaited<ReturnType<typeof openRedis>>,
): AsyncGenerator<DeadLetterEntry<Letter>> {
  for (const id of ids) {
    if (!id.startsWith(`${destination}/`)) continue;
    const entry = await findDeadLetter<Letter>(id, redis);
    if (!entry)
      throw new CommandError(`no dead letter ${id}: it may have been replayed; see dead-letters list`);
    yield entry;
  }
}

function detailOf(letter: Letter): string {
  return 'rule' in letter ? (letter.tries.lastDetail ?? '') : letter.detail;
}

function summarize({ id, at, reason, letter }: DeadLetterEntry<Letter>) {
  const rule = 'rule' in letter ? letter.rule : undefined;
  return {
    id,
    at: new Date(at).toISOString(),
    reason,
    source: letter.source,
    rule,
    detail: detailOf(letter),
  };
}

function tableRow(entry: DeadLetterEntry<Letter>): string[] {
  const { letter } = entry;
  const event = 'rule' in letter ? (letter.event.event ?? letter.event.type) : '';
  const at = new Date(entry.at).toISOString().slice(0, 19);
  return [entry.id, at, entry.reason, 'rule' in letter ? letter.rule : '', event, detailOf(letter)];
}

/** `meterbridge dead-letters` */
export function addDeadLetters(program: Command): void {
  const deadLetters = program.command('dead-letters').description('what could not be delivered, and why');

  deadLetters
    .command('list')
    .description('oldest first, with counts by reason')
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--reason <reason>', 'of one reason')
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

  deadLetters
    .command('replay [ids...]')
    .description('put them back on their queue; they are mapped anew with the configuration of now')
    .option('--all', 'all of them')
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--reason <reason>', 'of one reason')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      '\nSay which: ids, --destination, --reason, or --all. Let the workers have a mended configuration first.\nExamples:\n  meterbridge dead-letters replay --reason unmapped\n  meterbridge dead-letters replay lago/1795225509287-0',
    )
    .action(replayDeadLetters);
}
