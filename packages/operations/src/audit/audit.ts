import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditLine, readAuditTimes } from '@meterbridge/queue';
import type { BooksStore } from '../books/books.js';
import { redisSilence } from '../connect.js';
import { destinationsOf } from '../dead-letters/walk.js';
import type { RunningSystem } from '../open.js';
import { OperationError } from '../operation-error.js';
import { startCounting, type Work } from '../work.js';
import { holdAgainstBooks } from './hold-against-books.js';
import { type AuditFilter, type AuditReport, type CheckedLine, chooseLines, reportAudit } from './report.js';

const LOOK_EVERY_MS = 500;
/** A look stops Redis for as long as it takes: with many jobs waiting, a tenth of the time is enough. */
const REST_FACTOR = 10;

export type AuditOptions = {
  /** How long is waited until nothing is in flight that was accepted before this is called. */
  withinMs?: number;
  /** Where books are kept: the ledger is held against them. */
  books?: Pick<BooksStore, 'open'> | undefined;
};

/** The last look. */
export type Audited = AuditReport & {
  /** Nothing is in flight that was accepted before the audit began. */
  isSettled: boolean;
  /** Why the books could not be asked; whatever opening or reading them threw. */
  unreadable?: unknown;
};

type AuditQuestion = AuditFilter & { destination?: string | undefined };

/**
 * Holds what was accepted against what became of it, by destination, source and hour, and both against the books.
 * @returns the first look at which nothing of before is in flight, or the one at the end of the time
 * @throws OperationError (`unknown_destination`, `unknown_source`; `redis_unreachable` where Redis went away)
 */
export async function audit(
  ops: RunningSystem,
  question: AuditQuestion,
  { withinMs = 0, books }: AuditOptions = {},
  work: Work = {},
): Promise<Audited> {
  const { lines, isSettled } = await lookUntilSettled(ops, question, withinMs, work);
  if (!books) return { ...reportAudit(lines, question), isSettled };
  try {
    const checked = await holdAgainstBooks(lines, ops.redis, books);
    return { ...reportAudit(checked, question), isSettled };
  } catch (unreadable) {
    return { ...reportAudit(lines, question), isSettled, unreadable };
  }
}

type Look = {
  lines: CheckedLine[];
  inFlight: number;
  oldestJobAt: number | null;
  newestJobAt: number | null;
};

async function lookUntilSettled(
  ops: RunningSystem,
  question: AuditQuestion,
  withinMs: number,
  work: Work,
): Promise<Look & { isSettled: boolean }> {
  const deadline = performance.now() + withinMs;
  const late = redisSilence(withinMs);
  let look = await Promise.race([readLook(ops, question), late]);
  const { inFlight: atFirst, newestJobAt } = look;
  // A job keeps the time at which it was added, and deliveries never move to another: whatever the clocks say, all that
  // was in flight at first is settled once every job is younger than all of those.
  const isSettled = () => look.inFlight === 0 || (look.oldestJobAt ?? 0) > (newestJobAt ?? 0);
  if (isSettled() || withinMs === 0) return { ...look, isSettled: isSettled() };
  const progress = startCounting(work, 'deliveries settled', atFirst);
  let settled = 0;
  let tookMs = 0;
  while (!isSettled() && performance.now() < deadline) {
    await sleep(Math.max(LOOK_EVERY_MS, REST_FACTOR * tookMs));
    const began = performance.now();
    look = await Promise.race([readLook(ops, question), late]);
    tookMs = performance.now() - began;
    const now = Math.max(0, atFirst - look.inFlight);
    progress.add(now - settled);
    settled = now;
  }
  return { ...look, isSettled: isSettled() };
}

async function readLook(ops: RunningSystem, question: AuditQuestion): Promise<Look> {
  const { destination, source } = question;
  const names = destinationsOf(destination === undefined ? {} : { destination }, ops);
  const looks = await Promise.all(names.map((name) => readAuditTimes(name, ops.redis)));
  const all = looks.flatMap((look) => look.lines);
  if (source !== undefined) refuseUnknownSource(source, ops, all);
  const lines = chooseLines(all, question);
  const oldest = looks.flatMap(({ oldestJobAt }) => oldestJobAt ?? []);
  const newest = looks.flatMap(({ newestJobAt }) => newestJobAt ?? []);
  return {
    lines,
    inFlight: lines.reduce((sum, line) => sum + line.inFlight, 0),
    oldestJobAt: oldest.length === 0 ? null : Math.min(...oldest),
    newestJobAt: newest.length === 0 ? null : Math.max(...newest),
  };
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
