import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configJsonSchema } from '@meterbridge/config';
import { type Draft, extendEnvExample, ownAddresses, variablesOf } from '@meterbridge/config-draft';
import { CommandError } from '../load-context.js';
import { SCHEMA_FILE } from './answers.js';

/** @throws CommandError where the file is there and may not be written over */
export function refuseToOverwrite(file: string, force: boolean): void {
  if (force || !existsSync(file)) return;
  throw new CommandError(`${file} is there already: --force writes over it, --output names another.`);
}

/** Writes the configuration. @throws CommandError as above, or where it cannot be written */
export function writeConfigFile(file: string, text: string, force: boolean): void {
  refuseToOverwrite(file, force);
  writing(file, () => writeFileSync(file, text, { flag: force ? 'w' : 'wx' }));
}

/**
 * Adds the variables that the configuration names to `.env.example` beside it, and touches nothing that is there but an
 * API's address that is another than the configuration's own. Returns the file, or null where it had them all.
 */
export function writeEnvExample(
  configFile: string,
  draft: Draft,
): { file: string; wasThere: boolean } | null {
  const file = join(dirname(configFile), '.env.example');
  const wasThere = existsSync(file);
  const extended = extendEnvExample(
    wasThere ? readFileSync(file, 'utf8') : '',
    variablesOf(draft),
    ownAddresses(draft),
  );
  if (extended === null) return null;
  writing(file, () => writeFileSync(file, extended));
  return { file, wasThere };
}

/** The schema that the first line of the configuration names, for editors; one that is there is of another version. */
export function writeSchema(configFile: string): void {
  const file = join(dirname(configFile), SCHEMA_FILE);
  writing(file, () => writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`));
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CommandError(`${file} cannot be written (${code}).`);
  }
}
