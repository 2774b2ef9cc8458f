import { configJsonSchema } from '@meterbridge/config';
import type { Command } from 'commander';

/** `meterbridge schema` */
export function addSchema(program: Command): void {
  program
    .command('schema')
    .description("print the configuration file's JSON Schema, for editors")
    .action(() => console.log(JSON.stringify(configJsonSchema(), null, 2)));
}
