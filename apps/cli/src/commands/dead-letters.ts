import { type Command, InvalidArgumentError } from 'commander';
import { addFilterOptions } from '../dead-letters/filter.js';
import { listDeadLetters } from '../dead-letters/list.js';
import { showDeadLetter } from '../dead-letters/show.js';
import { GROUPINGS, type Grouping } from '../dead-letters/tally.js';
import { readCount } from '../read-arguments.js';
import { addReplay } from './replay.js';

/** `meterbridge dead-letters` */
export function addDeadLetters(program: Command): void {
  const deadLetters = program.command('dead-letters').description('what could not be delivered, and why');
  addList(deadLetters);

  deadLetters
    .command('show <id>')
    .description('one in full: the event, why it is here, what the API said')
    .option('--json', 'for machines')
    .action(showDeadLetter);

  addReplay(deadLetters);
}

function addList(deadLetters: Command): void {
  const list = deadLetters
    .command('list')
    .description('a page of them, oldest first, destination by destination; or how many there are of what');
  addFilterOptions(list)
    .option(
      '--by <what>',
      `count by what they have in common, more than once if need be: ${GROUPINGS.join(', ')}`,
      readGrouping,
    )
    .option('--limit <n>', 'lines to print (default: 20; with --json all)', readCount)
    .option('--after <id>', 'go on behind this one')
    .option('--newest', 'newest first')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
Any number of letters is read page by page. --by counts the first 10,000 groups apart, and the rest together.

Examples:
  meterbridge dead-letters list --reason unmapped --since 24h
  meterbridge dead-letters list --by reason --by event
  meterbridge dead-letters list --customer acct-1 --newest --limit 5
  meterbridge dead-letters list --text "no such metric" --json | jq -r .messageId

Exit codes: 0 done (none is no error), 1 Redis or the configuration cannot be read, 2 wrong usage.`,
    )
    .action(listDeadLetters);
}

function readGrouping(text: string, before: Grouping[] = []): Grouping[] {
  const what = GROUPINGS.find((each) => each === text);
  if (!what) throw new InvalidArgumentError(`one of ${GROUPINGS.join(', ')} was expected.`);
  return before.includes(what) ? before : [...before, what];
}
