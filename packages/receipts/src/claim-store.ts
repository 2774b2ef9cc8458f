import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile } from './durable-file.js';

/** In the store's folder: which Redis its receipts come from. */
const STORE = 'store.json';

/** The receipts of two Redis would lie in the same shards: what one billed would be held against the other. */
export class ForeignStoreError extends Error {
  override name = 'ForeignStoreError';
  readonly code = 'foreign_store';
}

/**
 * Makes a store the one of a Redis, where it is nobody's yet.
 * @param dir the store's folder, which is there
 * @param redis names the Redis and no other
 * @throws ForeignStoreError where it is another's
 */
export async function claimStore(dir: string, redis: string): Promise<void> {
  const file = join(dir, STORE);
  if (await createFile(file, `${JSON.stringify({ format: 1, redis })}\n`)) return;
  const { redis: known } = JSON.parse(await readFile(file, 'utf8')) as { redis?: unknown };
  if (known === redis) return;
  throw new ForeignStoreError(
    `The receipts in ${dir} are of another Redis: say another folder (receipts.directory). If this Redis took the place of the one before, remove ${file}.`,
  );
}
