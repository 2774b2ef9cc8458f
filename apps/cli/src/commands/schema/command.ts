import { configJsonSchema } from '@meterbridge/config';

/** Prints the JSON Schema of the configuration file. */
export function schema(): void {
  console.log(JSON.stringify(configJsonSchema(), null, 2));
}
