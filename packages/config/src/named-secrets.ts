import { readFileSync } from 'node:fs';
import { type Environment, interpolate } from './interpolate.js';
import { passwordsIn } from './redis-url.js';

/** Shorter ones are no secret, and would blot out words. */
const MIN_LENGTH = 8;
const NAMED = /\$\{[^}\n]*\}/g;

/** What the variables and files hold that a file names: for logs to blot out where the file itself cannot be read. */
export function namedSecrets({ file, env }: { file: string; env: Environment }): string[] {
  let text = '';
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    // One that is not there names none.
  }
  const { data, unset } = interpolate(text.match(NAMED) ?? [], env);
  const missing = new Set(unset.map(({ path: [index] }) => index));
  const values = (data as string[]).filter((_, index) => !missing.has(index));
  const secrets = values.flatMap((value) => (URL.canParse(value) ? passwordsIn(value) : [value]));
  return [...secrets, ...passwordsIn(env.REDIS_URL ?? '')].filter(({ length }) => length >= MIN_LENGTH);
}
