import {
  type Audited,
  type AuditGrouping,
  audit as holdAgainst,
  type Operations,
  type RunningSystem,
} from '@meterbridge/operations';
import { withRunningSystem } from '../../load-context.js';
import { areElsewhere, booksIn, unreadableWords } from '../../open-books.js';
import { grouped } from '../../terminal/grouped.js';
import { print } from '../../terminal/print.js';
import { isoHour } from '../../terminal/read-since.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';
import { printText } from '../../terminal/wrap-text.js';
import { renderReport } from './render-report.js';

export type AuditOptions = TableOptions & {
  destination?: string;
  source?: string;
  /** In hours since 1970. */
  since?: number;
  /** Epoch milliseconds. */
  until?: number;
  by?: AuditGrouping;
  json?: boolean;
  /** Seconds. */
  wait?: number;
};

/**
 * Holds what was accepted against what became of it, by destination, source and hour, and against the books. Exit code 1
 * where that does not add up, and where something of before is still in flight after `--wait`.
 */
export async function audit(options: AuditOptions): Promise<void> {
  const { destination, source, since, until, by, wait, json, wide } = options;
  const question = { destination, source, sinceHour: since, until, by };
  const { report, directory } = await withRunningSystem(async (ops) => {
    const directory = receiptsDirectory(ops);
    const books = directory === undefined ? undefined : booksIn(directory);
    const withinMs = (wait ?? 0) * 1_000;
    const report = await watched((work) => holdAgainst(ops, question, { withinMs, books }, work));
    return { report, directory };
  });
  const isLate = wait !== undefined && !report.isSettled;
  const noBooks = report.unreadable === undefined ? null : sayNoBooks(report.unreadable, directory!);
  const { unbalanced, unbooked } = report;
  if (unbalanced.length > 0 || unbooked.length > 0 || isLate || noBooks?.isWrong) process.exitCode = 1;
  if (json) return print(JSON.stringify(toJson(report, noBooks?.words), null, 2));
  if (report.lines.length === 0) return print('Nothing was accepted.');
  print(renderReport(report, tableWidth({ wide }), by));
  if (noBooks) printText(noBooks.words);
  const left = grouped(report.total.inFlight);
  if (isLate)
    printText(
      `After ${wait} s there are still ${left} deliveries in flight, some of them of before. How each destination does: meterbridge status`,
    );
}

/** Undefined where none are kept; also where it goes by what processes say, which do not say it. */
function receiptsDirectory({ config }: RunningSystem): string | undefined {
  return 'receipts' in config ? (config as Operations['config']).receipts?.directory : undefined;
}

/** Books that lie on another machine are no fault; those that cannot be read are one. */
function sayNoBooks(error: unknown, directory: string): { words: string; isWrong: boolean } {
  const words = unreadableWords(error, directory);
  if (words === null) throw error;
  return { words: `The books were not asked. ${words}`, isWrong: !areElsewhere(error, directory) };
}

/** Hours as times, and one word for the whole. */
function toJson({ lines, total, unbalanced, unbooked }: Audited, noBooks: string | undefined) {
  const withTime = <Line extends { hour?: number | null }>(line: Line) =>
    typeof line.hour === 'number' ? { ...line, hour: isoHour(line.hour) } : line;
  return {
    balanced: unbalanced.length === 0,
    total,
    lines: lines.map(withTime),
    unbalanced: unbalanced.map(withTime),
    unbooked: unbooked.map(withTime),
    noBooks,
  };
}
