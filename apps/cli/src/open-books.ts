import { readdir } from 'node:fs/promises';
import type { BooksStore, Operations } from '@meterbridge/operations';
import { CommandError } from './load-context.js';

/** Where books are kept. @throws CommandError where the configuration has none kept */
export function keptReceipts({ config }: Pick<Operations, 'config'>): { directory: string } {
  if (config.receipts) return config.receipts;
  throw new CommandError('No books are kept here: see receipts.directory in docs/configuration.md.');
}

/** The books in a folder. What reads them is loaded where they are read. */
export function booksIn(dir: string): BooksStore {
  return {
    async destinations() {
      const { destinationsAmong } = await import('@meterbridge/receipts');
      const entries = await readdir(dir, { withFileTypes: true });
      return destinationsAmong(entries.filter((entry) => entry.isDirectory()).map(({ name }) => name));
    },
    async open(destination) {
      const { openReceipts } = await import('@meterbridge/receipts');
      return openReceipts({ dir, destination });
    },
  };
}

/** Of what the books throw where they cannot be read; the messages are for people. */
const UNREADABLE = [
  'duckdb_missing',
  'manifest_newer',
  'manifest_damaged',
  'manifest_missing',
  'newer_format',
  'spool_damaged',
];

/** There is no such folder: the books may lie on another machine. */
export function areElsewhere(error: unknown, dir: string): boolean {
  const { code, path } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && path === dir;
}

/** What a person is told of an error of the books; null for any other. @param dir where they are kept */
export function unreadableWords(error: unknown, dir: string): string | null {
  const { code, message } = error as NodeJS.ErrnoException;
  if (areElsewhere(error, dir)) {
    return `There are no books in ${dir}: an archivist that runs on this machine makes them.`;
  }
  return typeof code === 'string' && UNREADABLE.includes(code) ? message : null;
}

/** @throws CommandError for books that cannot be read */
export async function sayUnreadable<T>(dir: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const words = error instanceof Error ? unreadableWords(error, dir) : null;
    throw words === null ? error : new CommandError(words);
  }
}
