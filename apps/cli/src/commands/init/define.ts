import { descriptions } from '@meterbridge/destinations/descriptions';
import { VENDORS } from '@meterbridge/function-migration/recipes';
import type { Command } from 'commander';
import { EXAMPLE } from '../../terminal/example.js';
import { listWords } from '../../terminal/list-words.js';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge init` */
export function addInit(program: Command): void {
  const recipes = listWords(
    VENDORS.map((type) => `${descriptions[type].title}'s`),
    'or',
  );
  program
    .command('init')
    .description('write a configuration: from the answers to a few questions, or from a Segment Function')
    .option('--output <file>', 'default: METERBRIDGE_CONFIG, or meterbridge.config.yaml')
    .option('--from-function <file>', `read what a function made from ${recipes} recipe does`)
    .option('--yes', 'take the standard answer to every question')
    .option('--force', 'write over a file that is there')
    .option('--json', 'say what was found and written as one document, for machines')
    .addHelpText(
      'after',
      `
An empty answer takes what stands in brackets; answers may come from a pipe, one a line. The file holds no key,
only names of variables, which .env.example beside it explains. Ctrl-C writes nothing.

--from-function reads the code and never runs it. It says what was wrong in it, line by line, and what that
cost. What it cannot translate it does not guess: that stays empty in the file, which loads once you have
written it.

Examples:
  meterbridge init
  meterbridge init --yes --output staging.yaml
  (echo ${EXAMPLE}; echo https://${EXAMPLE}.acme.example; yes '') | meterbridge init     the rest as in brackets
  meterbridge init --from-function ${EXAMPLE}-function.js
  meterbridge init --from-function ${EXAMPLE}-function.js --json | jq '.faults[]'

Exit codes: 0 written, 1 not written, or something in it is left for you to write, 2 wrong usage.`,
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).init));
}
