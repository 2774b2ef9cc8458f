import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** How long the append-only file was at a moment of `performance.now()`. */
export type Sample = { atMs: number; bytes: number };

/** So much of the end is gone: what the last fdatasync had not covered. */
const LOST_MS = 1_000;

/**
 * Where a power failure cuts the append-only file: at any byte of what was written next after a moment that is a
 * second away. Pure. @returns undefined where nothing was written since
 */
export function chooseCut(
  samples: readonly Sample[],
  failedAtMs: number,
  random: () => number,
): { bytes: number; asOfMs: number } | undefined {
  const kept = samples.findLast(({ atMs }) => atMs <= failedAtMs - LOST_MS);
  const next = kept && samples.find(({ atMs, bytes }) => atMs > kept.atMs && bytes > kept.bytes);
  if (!kept || !next) return undefined;
  const bytes = kept.bytes + Math.floor(random() * (next.bytes - kept.bytes));
  return { bytes, asOfMs: kept.atMs };
}

const SAMPLED_EVERY_MS = 20;

/** Looks again and again how long a file is. @returns what ends it and gives what was seen */
export function sampleSize(file: string): () => Sample[] {
  const samples: Sample[] = [];
  const timer = setInterval(() => {
    const atMs = performance.now();
    samples.push({ atMs, bytes: statSync(file).size });
  }, SAMPLED_EVERY_MS);
  return () => {
    clearInterval(timer);
    return samples;
  };
}

/** The part of Redis' append-only file that is written to now: the one with the highest number. */
export function lastIncrement(dataDir: string): string {
  const folder = join(dataDir, 'appendonlydir');
  const numbered = readdirSync(folder).flatMap((name) => {
    const number = /\.(\d+)\.incr\.aof$/.exec(name)?.[1];
    return number === undefined ? [] : [{ name, number: Number(number) }];
  });
  const last = numbered.toSorted((one, other) => other.number - one.number)[0];
  if (!last) throw new Error(`no append-only file in ${folder}`);
  return join(folder, last.name);
}
