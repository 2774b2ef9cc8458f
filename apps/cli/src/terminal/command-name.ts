import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installationFolder } from '@meterbridge/telemetry/build';

/** How a person calls this program: in a clone by npm, else by its name. */
export function commandName(): string {
  const isClone = existsSync(join(installationFolder(), 'pnpm-workspace.yaml'));
  return isClone ? 'npm run -s meterbridge --' : 'meterbridge';
}
