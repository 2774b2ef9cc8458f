import type { Command } from 'commander';
import { loadedWhenRun } from '../../terminal/loaded-when-run.js';

/** `meterbridge schema` */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description("print the configuration file's JSON Schema, for editors")
    .addHelpText(
      'after',
      '\nExample:\n  meterbridge schema > meterbridge.schema.json\n\nExit codes: 0 done, 2 wrong usage.',
    )
    .action(loadedWhenRun(async () => (await import('./command.js')).schema));
}
