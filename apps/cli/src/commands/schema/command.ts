import { configJsonSchema } from '@meterbridge/config';
import type { Command } from 'commander';
import { print } from '../../terminal/print.js';

/** `meterbridge schema` */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description("print the configuration file's JSON Schema, for editors")
    .addHelpText(
      'after',
      '\nExample:\n  meterbridge schema > meterbridge.schema.json\n\nExit codes: 0 done, 2 wrong usage.',
    )
    .action(() => print(JSON.stringify(configJsonSchema(), null, 2)));
}
