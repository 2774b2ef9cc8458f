import { type AuditGrouping, type AuditReport, audit as holdAgainst } from '@meterbridge/operations';
import { type Command, Option } from 'commander';
import { withOperations } from '../../load-context.js';
import { readCount, readSinceHour } from '../../terminal/read-arguments.js';
import { isoHour } from '../../terminal/read-since.js';
import { watched } from '../../terminal/work.js';
import { renderReport } from './render-report.js';

export type AuditOptions = {
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
export async function audit({ destination, source, since, by, wait, json }: AuditOptions): Promise<void> {
  const filter = {
    destination,
    source,
    sinceHour: since,
    by,
  };
  const report = await withOperations((ops) =>
    watched((work) => holdAgainst(ops, filter, (wait ?? 0) * 1_000, work)),
  );
  const isLate = wait !== undefined && report.total.inFlight > 0;
  if (report.unbalanced.length > 0 || isLate) process.exitCode = 1;
  if (json) return console.log(JSON.stringify(toJson(report), null, 2));
  if (report.lines.length === 0) return console.log('Nothing was accepted.');
  console.log(renderReport(report, by));
  const left = report.total.inFlight.toLocaleString('en');
  if (isLate)
    console.log(
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

/** `meterbridge audit` */
export function addAudit(program: Command): void {
  program
    .command('audit')
    .description(
      'hold what was accepted against what became of it, by hour, destination and source; exit code 1 when it does not add up',
    )
    .option('--destination <name>', 'of one destination, or of the receiver')
    .option('--source <name>', 'of one source')
    .option('--since <time>', 'what was accepted from then on: 90m, 24h, 7d, or a time in UTC', readSinceHour)
    .addOption(new Option('--by <what>', 'add up').choices(['hour', 'source', 'destination']))
    .option('--wait <seconds>', 'until nothing is in flight; exit code 1 when the time is over', readCount)
    .option('--json', 'one document, for machines')
    .addHelpText(
      'after',
      `
Always, for each hour in which something was accepted, counted in deliveries and with a filtered event as one:
  accepted = delivered + duplicate + filtered + dead + discarded + in flight
The look is one moment of Redis: it holds under load, too. "earlier" is what no hour has: hours that were
settled more than 90 days ago. --since and --source leave it out.

Examples:
  meterbridge audit --since 24h
  meterbridge audit --by destination
  meterbridge audit --since 2026-08-01 --source backend --by hour
  meterbridge audit --wait 60 && echo settled
  meterbridge audit --json | jq '.lines[] | select(.dead > 0)'

Exit codes: 0 it adds up (with --wait: and nothing is in flight), 1 it does not, or Redis does not answer,
2 wrong usage.`,
    )
    .action(audit);
}
