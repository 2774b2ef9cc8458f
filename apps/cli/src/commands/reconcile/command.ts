import { join } from 'node:path';
import { reconcile as holdAgainst } from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { booksIn, keptReceipts, sayUnreadable } from '../../open-books.js';
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
    const books = { open: () => booksIn(directory).open(destination) };
    return sayUnreadable(directory, () => interruptible((work) => holdAgainst(ops, question, books, work)));
  });
  if (report.findings.length > 0) process.exitCode = 1;
  print(json ? JSON.stringify(report, null, 2) : renderReconciliation(report, tableWidth({ wide })));
}
