import { join } from 'node:path';
import { reconcile as holdAgainst, type Operations, type UsageBooks } from '@meterbridge/operations';
import type { Command } from 'commander';
import { CommandError, withOperations } from '../../load-context.js';
import { print } from '../../terminal/print.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { interruptible } from '../../terminal/work.js';
import { renderReconciliation } from './render-report.js';

export type ReconcileOptions = TableOptions & {
  destination: string;
  /** Epoch milliseconds. */
  from: number;
  to: number;
  contents?: boolean;
  json?: boolean;
};

/** Where a run that was stopped is remembered. Begins with a dot, as no shard's folder does. */
const POSITIONS = '.reconcile';

/** Holds the books against an API. Exit code 1 where something differs. */
export async function reconcile(options: ReconcileOptions, command: Pick<Command, 'error'>): Promise<void> {
  const { destination, from, to, contents = false, json, wide } = options;
  if (from >= to) command.error('error: --from has to be before --to', { exitCode: 2 });
  const report = await withOperations(async (ops) => {
    const { directory } = keptReceipts(ops);
    const question = { destination, span: { from, to }, contents, positions: join(directory, POSITIONS) };
    const books = { open: () => openBooks(directory, destination) };
    return sayUnreadable(() => interruptible((work) => holdAgainst(ops, question, books, work)));
  });
  if (report.findings.length > 0) process.exitCode = 1;
  print(json ? JSON.stringify(report, null, 2) : renderReconciliation(report, tableWidth({ wide })));
}

function keptReceipts({ config }: Operations): { directory: string } {
  if (config.receipts) return config.receipts;
  throw new CommandError('No books are kept here: see receipts.directory in docs/configuration.md.');
}

/** What reads the books is loaded where they are read. */
async function openBooks(dir: string, destination: string): Promise<UsageBooks> {
  const { openReceipts } = await import('@meterbridge/receipts');
  return openReceipts({ dir, destination });
}

/** Of what the books throw where they cannot be read; the messages are for people. */
const UNREADABLE = [
  'duckdb_missing',
  'manifest_newer',
  'manifest_damaged',
  'manifest_missing',
  'spool_damaged',
];

/** @throws CommandError for books that cannot be read */
async function sayUnreadable<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const isOfBooks = error instanceof Error && 'code' in error && UNREADABLE.includes(String(error.code));
    throw isOfBooks ? new CommandError(error.message) : error;
  }
}
