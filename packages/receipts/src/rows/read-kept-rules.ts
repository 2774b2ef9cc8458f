import { readFileSync } from 'node:fs';
import { rulesFile } from '../layout.js';
import { compileKeptRules, type RulesOf } from './compile-kept-rules.js';

/**
 * The versions of the rules that lie beside a shard's spools, each read when it is first asked for: at once, since rows
 * are made of one event after the other. A file that is there and cannot be read is an error, and not a version that is
 * not kept: the rows would lack what was sent for ever.
 * @param folder the shard's
 */
export function readKeptRules(folder: string): RulesOf {
  return compileKeptRules((version) => {
    const file = rulesFile(folder, version);
    return file === null ? undefined : readIfThere(file);
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
