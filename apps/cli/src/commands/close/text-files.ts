import { link, open, readFile, rm, stat } from 'node:fs/promises';
import { CommandError } from '../../load-context.js';

/** @throws CommandError */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${file} cannot be read (${error.code}).`);
  });
}

export async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

/**
 * Writes a file that there is not yet: wherever this ends, all of it is there or nothing.
 * @throws CommandError
 */
export async function writeNew(file: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike a rename, it takes the place of nothing.
    await link(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new CommandError(`${file} is there already.`);
    throw new CommandError(`${file} cannot be written (${code}).`);
  } finally {
    await rm(temporary, { force: true });
  }
}
