import { DEFAULT_SHARE, GROUPINGS, type Grouping } from '@meterbridge/operations/options';
import { type Command, InvalidArgumentError } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount, readPercent } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';
import { addActorOption, addFilterOptions } from './options.js';

/** `meterbridge dead-letters` */
export function addDeadLetters(program: Command): void {
  const deadLetters = program
    .command('dead-letters')
    .description('what could not be delivered, and why')
    .addHelpText(
      'after',
      `
Examples:
  meterbridge dead-letters list --by reason --by rule
  meterbridge dead-letters show ${EXAMPLE}/1795225509287-0
  meterbridge dead-letters replay --reason unmapped --dry-run

Each command says more: meterbridge dead-letters replay --help.
Exit codes: 0 done, 1 not done or not all, 2 wrong usage.`,
    );
  addList(deadLetters);
  addShow(deadLetters);
  addEdit(deadLetters);
  addReplay(deadLetters);
  addDiscard(deadLetters);
  addExportAndImport(deadLetters);
}

function addList(deadLetters: Command): void {
  const list = deadLetters
    .command('list')
    .description('a page of them, oldest first, destination by destination; or how many there are of what');
  addWideOption(addFilterOptions(list))
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
    .action(loadedWhenRun(async () => (await import('./list.js')).listDeadLetters));
}

function readGrouping(text: string, before: Grouping[] = []): Grouping[] {
  const what = GROUPINGS.find((each) => each === text);
  if (!what) throw new InvalidArgumentError(`one of ${GROUPINGS.join(', ')} was expected.`);
  return before.includes(what) ? before : [...before, what];
}

function addShow(deadLetters: Command): void {
  deadLetters
    .command('show <id>')
    .description('one in full: why it is here, what was sent beside what would be sent now, the event')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Of several attempts the first and the last nine are kept, and of earlier lives the last ten. What was sent
is kept since a letter's death, if anything was; "now" is the configuration that this command reads.

Examples:
  meterbridge dead-letters show ${EXAMPLE}/1795225509287-0
  meterbridge dead-letters show ${EXAMPLE}/1795225509287-0 --json | jq .now

Exit codes: 0 done, 1 there is no such letter, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./show.js')).showDeadLetter));
}

function addEdit(deadLetters: Command): void {
  addActorOption(
    deadLetters
      .command('edit <id>')
      .description("change one's event in $VISUAL or $EDITOR, see what that comes to, and put it back"),
  )
    .option(
      '--send-again <n>',
      'so many, exactly, although they are there already as something else: billed twice, or never',
      readCount,
    )
    .option('--yes', 'do not ask')
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
messageId, timestamp and receivedAt may not change: that would be another event, and could be billed twice. What
may have arrived before it died (expired, poison) may not change its customer or its id at the API either. What
is no Segment event, or would be dead again, is refused; the text is kept, and opens again. The APIs are asked what
they hold of it, as before a replay: what would be billed twice, or never, needs --send-again with its number.
Who edited it and when stays in its history, and under "discards".

Examples:
  meterbridge dead-letters edit ${EXAMPLE}/1795225509287-0
  EDITOR="code --wait" meterbridge dead-letters edit ${EXAMPLE}/1795225509287-0 --as "billing on-call"

Exit codes: 0 done, 1 not done, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./edit.js')).editInEditor));
}

function addReplay(deadLetters: Command): void {
  const replay = deadLetters
    .command('replay [ids...]')
    .description('put them back on their queues; they are mapped anew with the configuration of now')
    .option('--all', 'all of them');
  addFilterOptions(replay)
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--yes', 'do not ask')
    .option('--include-failing', 'those as well that would fail again; else they are left where they are')
    .option('--remap-sent', 'with ids: map anew what may have arrived; else it goes as it was sent')
    .option('--as-source <name>', 'those that came under an unknown write key go as events of this source')
    .option(
      '--send-again <n>',
      'so many, exactly, although they are there already as something else: billed twice, or never',
      readCount,
    )
    .option('--check-all', 'ask the APIs for every event what they hold of it, however many reads that takes')
    .option('--rate <n>', 'events a second, at most, for each destination', readCount)
    .option(
      '--share <percent>',
      `of each destination's limit (requestsPerSecond × batchSize), at most; ${DEFAULT_SHARE} where neither is said`,
      readPercent,
    )
    .option('--wait', 'until they are delivered or dead again; so it is on a terminal')
    .option('--no-wait', 'end when they are on their queues, or where no worker runs')
    .option('--json', 'plan and report as one document, for machines')
    .addHelpText(
      'after',
      `
Say which: ids, a filter, or --all. The workers run it, so it goes on whatever becomes of this terminal. What it puts
back is mapped by the rules that its plan was shown with, whichever worker sends it. Which rules take an event is for
the workers' own filters to say: let them have the mended configuration first.
What dies meanwhile, or again, is not replayed in a circle: the newest letter of the beginning is the last.
Replayed events wait behind live ones. Their identity stays, so that what is there the same is billed once. The APIs
are asked first: what they hold under the same id with another code, subscription, customer, time or content would
be billed twice, or never. Then nothing is done until --send-again says their exact number; --yes does not.
What may have arrived goes as it was sent, whatever the rules say now. To map it anew, make sure that its API does
not have it, and say --remap-sent with its id: both mappings are shown beside each other before anything is done.
What came with an event's own write key that no source has is nobody's: --as-source says whose it is. Its event goes
by that source's privacy and rules, and is counted there.
Each replay is remembered: meterbridge replays list. A stopped one goes on: meterbridge replays resume.

Examples:
  meterbridge dead-letters replay --reason unmapped --dry-run
  meterbridge dead-letters replay --reason unmapped --since 24h --share 20
  meterbridge dead-letters replay ${EXAMPLE}/1795225509287-0 --yes
  meterbridge dead-letters replay --all --yes --wait --json | jq .replay

Exit codes: 0 done (letters that were left are told, and no error), 1 not done, refused, stopped, no longer watched,
or with --wait something is dead again, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./replay.js')).replayDeadLetters));
}

function addDiscard(deadLetters: Command): void {
  const discard = deadLetters
    .command('discard [ids...]')
    .description('take them away for good, and keep who did it and why')
    .requiredOption('--because <text>', 'why; remembered with it')
    .option('--all', 'all of them');
  addActorOption(addFilterOptions(discard))
    .option('--dry-run', 'say what would be discarded, and do nothing')
    .option('--yes', 'do not ask')
    .option('--json', 'plan and result as one document, for machines')
    .addHelpText(
      'after',
      `
Say which: ids, a filter, or --all. A discarded event is never billed. It leaves "dead" in the account and is
counted as "discarded", in the hour in which it was accepted, so that every sum holds (meterbridge audit).
Each page of 500 is discarded whole or not at all: interrupted anywhere, the same command goes on. What dies
after the plan was made is not meant.

Examples:
  meterbridge dead-letters export --customer load-test > load-test.ndjson
  meterbridge dead-letters discard --customer load-test --because "a load test, nobody's usage" --dry-run
  meterbridge dead-letters discard ${EXAMPLE}/1795225509287-0 --because "billed by hand, invoice 2026-114" --yes

Exit codes: 0 done, 1 not done or stopped, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./discard.js')).discardLetters));

  addWideOption(
    deadLetters
      .command('discards')
      .description(
        'what was discarded, brought back by an import, edited or forgotten: when, by whom, and why',
      ),
  )
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--limit <n>', 'lines to print', readCount, 20)
    .option('--json', 'one JSON object a line, all of them, with the first hundred ids of each')
    .addHelpText(
      'after',
      `
The last thousand runs of each destination are remembered.

Examples:
  meterbridge dead-letters discards
  meterbridge dead-letters discards --json | jq 'select(.what == "discarded") | .letters'

Exit codes: 0 done, 1 Redis or the configuration cannot be read, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./discards.js')).listDiscards));
}

function addExportAndImport(deadLetters: Command): void {
  addFilterOptions(
    deadLetters
      .command('export [ids...]')
      .description('write them to standard output, one a line, with all that is known of them'),
  )
    .addHelpText(
      'after',
      `
A file of dead letters holds events: whatever the sources' privacy rules left in them. Keep it as you keep those.

Examples:
  meterbridge dead-letters export > all.ndjson
  meterbridge dead-letters export --reason refused --since 7d | gzip > refused.ndjson.gz

Exit codes: 0 done, 1 not all of them, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./export.js')).exportToOutput));

  addActorOption(
    deadLetters
      .command('import <file>')
      .description("put exported letters back among the dead letters; a gzip'd file, too"),
  )
    .option('--json', 'the result as one document, for machines')
    .addHelpText(
      'after',
      `
A letter is known by the id it died under: one that lies here still, or again since an earlier import, is left
alone. So a file can be imported any number of times, and an interrupted import is run again. One that was
discarded leaves "discarded" in the account; any other is accepted anew, in its hour. One that was replayed in
the meantime comes back as a dead letter, too: its API tells it from a second event when it is replayed again.
Bad lines are named, and the others are imported.

Examples:
  meterbridge dead-letters import all.ndjson
  meterbridge dead-letters import refused.ndjson.gz --json | jq .problems

Exit codes: 0 done, 1 bad lines, or stopped, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./import.js')).importFromFile));
}
