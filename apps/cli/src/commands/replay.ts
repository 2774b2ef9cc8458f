import { RECEIVER } from '@meterbridge/queue';
import type { Command } from 'commander';
import { addFilterOptions, type LetterFilter, readFilter } from '../dead-letters/filter.js';
import { destinationsOf, openLetters, walkLetters } from '../dead-letters/open-letters.js';
import { CommandError } from '../load-context.js';
import { replayDestination } from '../replay/replay-destination.js';
import { replayReceiver } from '../replay/replay-receiver.js';

type ReplayOptions = LetterFilter & { all?: boolean; json?: boolean };

/** Puts dead letters back on their queue; they are mapped anew with the configuration of now. */
export async function replayDeadLetters(ids: string[], options: ReplayOptions): Promise<void> {
  const filter = readFilter(options, ids);
  if (Object.keys(filter).length === 0 && !options.all) {
    throw new CommandError('say which: ids, --reason, --destination, or --all');
  }
  const box = await openLetters();
  try {
    const counts: Record<string, number> = {};
    const configured = box.config.destinations.map(({ name }) => name);
    for (const name of destinationsOf(filter, box)) {
      if (name !== RECEIVER && !configured.includes(name)) continue;
      const here = filter.ids?.filter((id) => id.startsWith(`${name}/`));
      const entries = walkLetters(box, { ...filter, destination: name, ...(here ? { ids: here } : {}) });
      const replay = name === RECEIVER ? replayReceiver : replayDestination;
      for await (const [what, count] of replay(name, entries, box.config, box.redis)) {
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
    box.close();
  }
}

/** `meterbridge dead-letters replay` */
export function addReplay(deadLetters: Command): void {
  addFilterOptions(
    deadLetters
      .command('replay [ids...]')
      .description('put them back on their queue; they are mapped anew with the configuration of now')
      .option('--all', 'all of them'),
  )
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      '\nSay which: ids, a filter, or --all. Let the workers have a mended configuration first.\nExamples:\n  meterbridge dead-letters replay --reason unmapped\n  meterbridge dead-letters replay lago/1795225509287-0',
    )
    .action(replayDeadLetters);
}
