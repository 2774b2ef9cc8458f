import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount } from '../../terminal/read-arguments.js';

/** `meterbridge preview` */
export function addPreview(program: Command): void {
  program
    .command('preview [event]')
    .description(
      'say what becomes of an event and why, or what a changed configuration does to all there are; sends nothing',
    )
    .option('--index <n>', 'which event of the file, from 1', readCount, 1)
    .option('--last [n]', 'the newest events in Redis: what waits, and dead letters', readCount)
    .option('--dead-letter <id>', 'a dead letter, as a replay would take it')
    .option('--source <name>', 'of which source it is; the first where left out')
    .option(
      '--all-dead-letters',
      'every dead letter: which could be delivered now, and which still could not',
    )
    .option('--with <file>', 'a changed configuration, to be compared with the one in use')
    .option(
      '--archive <files...>',
      "the same over a history: NDJSON, gzip or not; files, folders, 'patterns'",
    )
    .option('--samples <n>', 'how many are shown of each kind and reason', readCount, 2)
    .option('--watch', 'again whenever the configuration or the event is saved')
    .option(
      '--ask',
      'ask the APIs, too, what they have against the rules that take it; changes nothing there',
    )
    .option('--wide', 'of a comparison every column, however wide the terminal is')
    .option('--json', 'a line of JSON an event, or one for a comparison')
    .addHelpText(
      'after',
      `
[event] is a file, or - for standard input: JSON as clients and Segment send it (an event, a batch), or NDJSON;
gzip or not. For a file neither Redis nor any key is needed.

A comparison sends and changes nothing: it is the proof of a change before it is deployed, and before a replay.

Exit codes: 0 it would be delivered or filtered, 1 it would be a dead letter, there is no event, or (with --ask) an
API would never bill it; of a
comparison 1 where something is worse than before (newly failing, no longer delivered); 2 wrong usage.

Examples:
  meterbridge preview event.json --watch
  pbpaste | meterbridge preview -
  meterbridge preview events.ndjson --index 3 --source backend
  meterbridge preview event.json --ask
  meterbridge preview --last 5
  meterbridge preview --dead-letter ${EXAMPLE}/1795225509287-0
  meterbridge preview --all-dead-letters --with changed.config.yaml
  meterbridge preview --archive 'segment-logs/**/*.gz' --with changed.config.yaml --source backend`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).preview));
}
