import { explainUsage } from '@meterbridge/operations';
import type { Command } from 'commander';
import { withOperations } from '../../load-context.js';
import { booksIn, keptReceipts, sayUnreadable } from '../../open-books.js';
import { print } from '../../terminal/print.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';
import { printNoteText } from '../../terminal/wrap-text.js';
import { renderCsv } from './render-csv.js';
import { notesOf, renderUsage } from './render-usage.js';

export type ExplainOptions = TableOptions & {
  customer: string;
  /** Epoch milliseconds. */
  from: number;
  to: number;
  destination?: string;
  samples?: number;
  offline?: boolean;
  csv?: boolean;
  json?: boolean;
};

/** Says what a customer's usage is made of. Exit code 1 where nothing is known of it. */
export async function explain(options: ExplainOptions, command: Pick<Command, 'error'>): Promise<void> {
  const { customer, from, to, destination, samples = 0, offline = false, csv, json, wide } = options;
  if (from >= to) command.error('error: --from has to be before --to', { exitCode: 2 });
  if (csv && json) command.error('error: --csv and --json exclude each other', { exitCode: 2 });
  const question = { customer, span: { from, to }, destination, samples, offline: offline || csv };
  const report = await withOperations((ops) => {
    const { directory } = keptReceipts(ops);
    return sayUnreadable(directory, () =>
      watched((work) => explainUsage(ops, question, booksIn(directory), work)),
    );
  });
  if (report.lines.length === 0) process.exitCode = 1;
  if (json) return print(JSON.stringify(report, null, 2));
  if (!csv) return print(renderUsage(report, tableWidth({ wide })));
  print(renderCsv(report));
  for (const note of notesOf(report)) printNoteText(note);
}
