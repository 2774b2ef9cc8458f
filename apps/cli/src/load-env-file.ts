import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * Reads a `.env` file into an environment; what is there already wins. Editors and shells of Windows begin a file with
 * a byte order mark, in UTF-8 or in UTF-16: it is no part of the first variable's name. No file is no variables.
 */
export function loadEnvFile(file: string, env: NodeJS.ProcessEnv): void {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for (const [name, value] of Object.entries(parseEnv(decode(bytes)))) env[name] ??= value;
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
