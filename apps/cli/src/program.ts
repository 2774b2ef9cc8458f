import { descriptions, destinationTypes } from '@meterbridge/destinations/descriptions';
import { describeBuild, readBuild } from '@meterbridge/telemetry/build';
import { Command } from 'commander';
import { addAudit } from './commands/audit/define.js';
import { addBackfill } from './commands/backfill/define.js';
import { addCheck } from './commands/check/define.js';
import { addClose } from './commands/close/define.js';
import { addDeadLetters } from './commands/dead-letters/define.js';
import { addDemo } from './commands/demo/define.js';
import { addExplain } from './commands/explain/define.js';
import { addFind } from './commands/find/define.js';
import { addFindings } from './commands/findings/define.js';
import { addForget } from './commands/forget/define.js';
import { addHold } from './commands/hold/define.js';
import { addInit } from './commands/init/define.js';
import { addPreview } from './commands/preview/define.js';
import { addReconcile } from './commands/reconcile/define.js';
import { addReplays } from './commands/replays/define.js';
import { addSchema } from './commands/schema/define.js';
import { addStatus } from './commands/status/define.js';
import { addTest } from './commands/test/define.js';
import { addUp } from './commands/up/define.js';
import { COMMANDER_OUTPUT } from './terminal/commander-output.js';
import { listWords } from './terminal/list-words.js';

/** The command line: every command with its options and its help. Parsing runs the command's action. */
export function createProgram(): Command {
  const titles = destinationTypes.map((type) => descriptions[type].title);
  const program = new Command('meterbridge')
    .description(`Segment events in, correct usage in ${listWords(titles, 'and')}.`)
    .version(
      describeBuild(readBuild()),
      '-V, --version',
      'print the version, and the commit it was packed from',
    )
    .addHelpText(
      'after',
      `
Configuration: meterbridge.config.yaml, or METERBRIDGE_CONFIG. Environment: see .env.example.
In a clone: npm run -s meterbridge -- <command>.
Ctrl-C: what has something in hand stops after that, says so and ends with 1; a --watch ends with 0; everything
else ends at once with 130. Nothing is lost, and every other process goes on: so does a replay, which the workers run.
Exit codes: 0 done, 1 it failed or something is not as it should be, 2 wrong usage.`,
    )
    .configureOutput(COMMANDER_OUTPUT)
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
    addFind,
    addExplain,
    addReconcile,
    addFindings,
    addClose,
    addForget,
    addSchema,
  ])
    add(program);
  return program;
}
