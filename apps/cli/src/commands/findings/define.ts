import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';
import { readCount } from '../../terminal/read-arguments.js';
import { addWideOption } from '../../terminal/wide-option.js';
import { addActorOption } from '../dead-letters/options.js';

/** `meterbridge findings` */
export function addFindings(program: Command): void {
  const findings = program
    .command('findings')
    .description('usage that an API took and does not bill, as its webhooks report it')
    .addHelpText(
      'after',
      `
Examples:
  meterbridge findings list
  meterbridge findings waive 9f86d081884c7d65 --because "a test event of ours"
  meterbridge findings resolve 9f86d081884c7d65

Each command says more: meterbridge findings list --help.
Exit codes: 0 done, 1 not done, 2 wrong usage.`,
    );
  addList(findings);
  addWaive(findings);
  addResolve(findings);
}

function addList(findings: Command): void {
  const list = findings
    .command('list')
    .description('those that are open, and those that somebody lets stand; the oldest first')
    .option('--destination <name>', 'of one destination')
    .option('--resolved', 'those that are resolved instead, the newest first');
  addWideOption(list)
    .option('--limit <n>', 'lines to print (default: 20; with --json all)', readCount)
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      `
A report names usage events by their ids alone. What the books know of one: meterbridge find <usage id>. Where
several customers or subscriptions have an event of this id, it may be any of them. An event that others have sent
to the same account is reported, too.

Examples:
  meterbridge findings list
  meterbridge findings list --destination ${EXAMPLE} --json | jq -r 'select(.waived | not) | .usageId'
  meterbridge findings list --resolved --limit 5

Exit codes: 0 done (none is no error), 1 Redis or the configuration cannot be read, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./list.js')).list));
}

function addWaive(findings: Command): void {
  addActorOption(
    findings
      .command('waive <ids...>')
      .description('let findings stand: they are open no more, and stay with who said so, why and when')
      .requiredOption('--because <text>', 'why, for those who come later')
      .option('--destination <name>', 'of one destination'),
  )
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
For what is right as it is: an event of a test, one that somebody else sent, a false alarm. Nothing is changed at
the API. Said again, the later word is kept. All ids have to be there, or nothing is done.

Examples:
  meterbridge findings waive 9f86d081884c7d65 --because "custom metric without a field: a false alarm"
  meterbridge findings list --json | jq -r 'select(.kind == "invalid_code").id' |
    xargs meterbridge findings waive --because "a metric that was never to be billed"

Exit codes: 0 done, 1 not done, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./change.js')).waive));
}

function addResolve(findings: Command): void {
  addActorOption(
    findings
      .command('resolve <ids...>')
      .description('end findings whose cause is put right; the newest 10,000 stay under list --resolved')
      .option('--destination <name>', 'of one destination'),
  )
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Say so once the usage is billed: the metric was made, or the event sent again rightly. What a later report names
again is a new finding. All ids have to be there, or nothing is done.

Examples:
  meterbridge findings resolve 9f86d081884c7d65
  meterbridge findings resolve 9f86d081884c7d65 60303ae22b998861 --as "billing on-call"

Exit codes: 0 done, 1 not done, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./change.js')).resolve));
}
