import { createHash, scryptSync } from 'node:crypto';

/** Characters of a name: 48 bits, enough to tell configurations apart. */
const LENGTH = 12;

/**
 * Names a configuration. What secret files hold goes in through scrypt: the name is shown to everyone, and must be no
 * quicker way of trying a guess than asking the API itself.
 * @param data the file as it was written, its variables and files by name
 */
export function hashConfig(data: unknown, fileTexts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(data));
  if (fileTexts.length > 0) hash.update(scryptSync(JSON.stringify(fileTexts), 'meterbridge', 32));
  return hash.digest('hex').slice(0, LENGTH);
}
