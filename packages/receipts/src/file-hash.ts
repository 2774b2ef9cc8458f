import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isArchiveFile } from './layout.js';

/** `<shard>/<file>`, and no way out of the store. */
const IN_A_SHARD = /^[^/\\.][^/\\]*\/[^/\\.][^/\\]*$/;

/**
 * What the bytes of a file of rows hash to, hexadecimal, as a manifest says it.
 * @param name relative to the store
 * @returns null where there is no such file
 */
export async function sha256OfFile(dir: string, name: string): Promise<string | null> {
  if (!IN_A_SHARD.test(name) || !isArchiveFile(name)) return null;
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(join(dir, name)), hash);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  return hash.digest('hex');
}
