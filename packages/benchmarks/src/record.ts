import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Benchmark, type Goal, isReached, type Measured } from './benchmark.js';
import type { Surroundings } from './surroundings.js';

/** What a run leaves behind: `<name>.json`. */
export type Recorded = Surroundings & {
  name: string;
  what: string;
  short: boolean;
  seconds: number;
  /** Of all cores, 0 to 1: what nobody of this run used. Where it is much, times and rates say little. */
  othersShare: number;
  goals: (Goal & { reached: boolean })[];
  figures: Record<string, unknown>;
};

export async function writeRecord(
  directory: string,
  { name, what }: Benchmark,
  { goals, figures }: Measured,
  run: Surroundings & Pick<Recorded, 'short' | 'seconds' | 'othersShare'>,
): Promise<string> {
  const recorded: Recorded = {
    name,
    what,
    ...run,
    goals: goals.map((goal) => ({ ...goal, value: round(goal.value), reached: isReached(goal) })),
    figures,
  };
  await mkdir(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  const rounded = (_key: string, value: unknown) => (typeof value === 'number' ? round(value) : value);
  await writeFile(file, `${JSON.stringify(recorded, rounded, 2)}\n`);
  return file;
}

/** What is behind the third decimal was not measured. */
function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
