import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditLine, readAudit } from '@meterbridge/queue';
import { redisSilence } from '../connect.js';
import { destinationsOf } from '../dead-letters/walk.js';
import type { RunningSystem } from '../open.js';
import { OperationError } from '../operation-error.js';
import { startCounting, type Work } from '../work.js';
import { type AuditFilter, type AuditReport, reportAudit } from './report.js';

const LOOK_EVERY_MS = 500;
/** A look stops Redis for as long as it takes: with many jobs waiting, a tenth of the time is enough. */
const REST_FACTOR = 10;

/**
 * Holds what was accepted against what became of it, by destination, source and hour.
 * @param withinMs how long is waited until nothing is in flight
 * @returns the last look: the first at which nothing is in flight, or the one at the end of the time
 * @throws OperationError (`unknown_destination`, `unknown_source`; `redis_unreachable` where Redis went away)
 */
export async function audit(
  ops: RunningSystem,
  filter: AuditFilter & { destination?: string },
  withinMs = 0,
  work: Work = {},
): Promise<AuditReport> {
  const deadline = performance.now() + withinMs;
  const late = redisSilence(withinMs);
  let report = await Promise.race([readReport(ops, filter), late]);
  if (report.total.inFlight === 0 || withinMs === 0) return report;
  const atFirst = report.total.inFlight;
  const progress = startCounting(work, 'deliveries settled', atFirst);
  let settled = 0;
  let tookMs = 0;
  while (report.total.inFlight > 0 && performance.now() < deadline) {
    await sleep(Math.max(LOOK_EVERY_MS, REST_FACTOR * tookMs));
    const began = performance.now();
    report = await Promise.race([readReport(ops, filter), late]);
    tookMs = performance.now() - began;
    // What is accepted meanwhile is waited for as well.
    const now = Math.max(0, atFirst - report.total.inFlight);
    progress.add(now - settled);
    settled = now;
  }
  return report;
}

async function readReport(
  ops: RunningSystem,
  { destination, ...filter }: AuditFilter & { destination?: string },
): Promise<AuditReport> {
  const names = destinationsOf(destination === undefined ? {} : { destination }, ops);
  const lines = (await Promise.all(names.map((name) => readAudit(name, ops.redis)))).flat();
  if (filter.source !== undefined) refuseUnknownSource(filter.source, ops, lines);
  return reportAudit(lines, filter);
}

/** A misspelt source has no difference: that must not look like an account that adds up. */
function refuseUnknownSource(source: string, { config }: RunningSystem, lines: AuditLine[]): void {
  const names = [...config.sources.map(({ name }) => name), ...lines.flatMap((line) => line.source ?? [])];
  if (names.includes(source)) return;
  throw new OperationError(
    'unknown_source',
    `no source ${source}; there are ${[...new Set(names)].join(', ')}`,
  );
}
