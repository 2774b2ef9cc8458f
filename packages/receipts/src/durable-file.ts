import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** The end of a name that is of no use once its process is gone. */
export const TEMPORARY = '.tmp';

/** Replaces a file as a whole: after a crash it is the old one or the new one, and once this resolves it is the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    await writeNew(temporary, text);
    await renameDurably(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Makes a file that is not there yet, as a whole.
 * @returns false where somebody else has made it
 */
export async function createFile(path: string, text: string, mode?: number): Promise<boolean> {
  const temporary = temporaryOf(path);
  try {
    await writeNew(temporary, text, mode);
    // Of two hands only one can give the name.
    await link(temporary, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

function temporaryOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}${TEMPORARY}`);
}

async function writeNew(path: string, text: string, mode?: number): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Of a file whose content is on disk already. Both names are in folders of one file system. */
export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** Names that were made, changed or removed in a folder outlive a power failure only then. */
export async function syncFolder(folder: string): Promise<void> {
  await syncPath(folder);
}

/** What was written to a file, by whichever process, is on disk then. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What a file is known by: its SHA-256 is hexadecimal. */
export type FileMark = { bytes: number; sha256: string };

/** Reads all of a file, for what it is known by. */
export async function readMark(path: string): Promise<FileMark> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
