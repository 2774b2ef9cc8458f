import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Draft, extendEnvExample, ownAddresses, variablesOf } from '@meterbridge/config-draft';
import { CommandError } from '../load-context.js';

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
export function writeEnvExample(configFile: string, draft: Draft): string | null {
  const file = join(dirname(configFile), '.env.example');
  const extended = extendEnvExample(
    existsSync(file) ? readFileSync(file, 'utf8') : '',
    variablesOf(draft),
    ownAddresses(draft),
  );
  if (extended === null) return null;
  writing(file, () => writeFileSync(file, extended));
  return file;
}

function writing(file: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new CommandError(`${file} cannot be written (${code}).`);
  }
}
