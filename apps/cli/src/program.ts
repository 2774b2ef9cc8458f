import { destinationTypes, kindOf } from '@meterbridge/destinations';
import { Command } from 'commander';
import { addAudit } from './commands/audit/command.js';
import { addBackfill } from './commands/backfill/command.js';
import { addCheck } from './commands/check/command.js';
import { addDeadLetters } from './commands/dead-letters/command.js';
import { addDemo } from './commands/demo/command.js';
import { addForget } from './commands/forget/command.js';
import { addHold } from './commands/hold/command.js';
import { addInit } from './commands/init/command.js';
import { addPreview } from './commands/preview/command.js';
import { addReplays } from './commands/replays/command.js';
import { addSchema } from './commands/schema/command.js';
import { addStatus } from './commands/status/command.js';
import { addTest } from './commands/test/command.js';
import { addUp } from './commands/up/command.js';
import { listWords } from './terminal/list-words.js';

/** The command line: every command with its options and its help. Parsing runs the command's action. */
export function createProgram(): Command {
  const titles = destinationTypes.map((type) => kindOf(type).title);
  const program = new Command('meterbridge')
    .description(`Segment events in, correct usage in ${listWords(titles, 'and')}.`)
    .addHelpText(
      'after',
      `
Configuration: meterbridge.config.yaml, or METERBRIDGE_CONFIG. Environment: see .env.example.
In a clone: npm run -s meterbridge -- <command>.
Ctrl-C: what has something in hand stops after that, says so and ends with 1; a --watch ends with 0; everything
else ends at once with 130. Nothing is lost, and every other process goes on: so does a replay, which the workers run.
Exit codes: 0 done, 1 it failed or something is not as it should be, 2 wrong usage.`,
    )
    .showHelpAfterError('(--help says what there is, with examples)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

  // In the order of `--help`.
  for (const add of [
    addInit,
    addUp,
    addDemo,
    addCheck,
    addPreview,
    addTest,
    addDeadLetters,
    addReplays,
    addBackfill,
    addStatus,
    addHold,
    addAudit,
    addForget,
    addSchema,
  ])
    add(program);
  return program;
}
