import { configJsonSchema } from '@meterbridge/config';
import { print } from '../../terminal/print.js';

/** Prints the JSON Schema of the configuration file. */
export function schema(): void {
  print(JSON.stringify(configJsonSchema(), null, 2));
}
