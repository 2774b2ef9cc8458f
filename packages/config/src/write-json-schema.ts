import { writeFileSync } from 'node:fs';
import { configJsonSchema } from './file-schema.js';

/** Writes the schema that editors read, beside the example configuration. */
const target = new URL('../../../meterbridge.schema.json', import.meta.url);
writeFileSync(target, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
