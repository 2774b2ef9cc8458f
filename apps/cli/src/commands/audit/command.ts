import { type AuditGrouping, type AuditReport, audit as holdAgainst } from '@meterbridge/operations';
import { withRunningSystem } from '../../load-context.js';
import { grouped } from '../../terminal/grouped.js';
import { print } from '../../terminal/print.js';
import { isoHour } from '../../terminal/read-since.js';
import { type TableOptions, tableWidth } from '../../terminal/table.js';
import { watched } from '../../terminal/work.js';
import { renderReport } from './render-report.js';

export type AuditOptions = TableOptions & {
  destination?: string;
  source?: string;
  /** In hours since 1970. */
  since?: number;
  by?: AuditGrouping;
  json?: boolean;
  /** Seconds. */
  wait?: number;
};

/**
 * Holds what was accepted against what became of it, by destination, source and hour. Exit code 1 where that
 * does not add up, and where something is still in flight after `--wait`.
 */
export async function audit({
  destination,
  source,
  since,
  by,
  wait,
  json,
  wide,
}: AuditOptions): Promise<void> {
  const filter = {
    destination,
    source,
    sinceHour: since,
    by,
  };
  const report = await withRunningSystem((ops) =>
    watched((work) => holdAgainst(ops, filter, (wait ?? 0) * 1_000, work)),
  );
  const isLate = wait !== undefined && report.total.inFlight > 0;
  if (report.unbalanced.length > 0 || isLate) process.exitCode = 1;
  if (json) return print(JSON.stringify(toJson(report), null, 2));
  if (report.lines.length === 0) return print('Nothing was accepted.');
  print(renderReport(report, tableWidth({ wide }), by));
  const left = grouped(report.total.inFlight);
  if (isLate)
    print(
      `After ${wait} s there are still ${left} deliveries in flight. How each destination does: meterbridge status`,
    );
}

/** Hours as times, and one word for the whole. */
function toJson({ lines, total, unbalanced }: AuditReport) {
  const withTime = <Line extends { hour?: number | null }>(line: Line) =>
    typeof line.hour === 'number' ? { ...line, hour: isoHour(line.hour) } : line;
  return {
    balanced: unbalanced.length === 0,
    total,
    lines: lines.map(withTime),
    unbalanced: unbalanced.map(withTime),
  };
}
