import { join } from 'node:path';
import { LocalRedisError } from '@meterbridge/local-redis';
import { type Goal, isFarOff } from './benchmark.js';
import { BENCHMARKS } from './benchmarks/index.js';
import { watchOthers } from './cpu.js';
import { helpOn, readOptions } from './options.js';
import { writeRecord } from './record.js';
import { number, renderGoals, renderMeasured } from './report.js';
import { readSurroundings } from './surroundings.js';

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
process.once('uncaughtException', (error) => {
  console.error(error instanceof LocalRedisError ? error.message : error);
  // Thrown from here, it would end this process alone, and leave those that it has started.
  process.exit(1);
});

/** Of all cores: where others use more, a figure says more of them than of what is measured. */
const MOST_BY_OTHERS = 0.1;

const KEPT = join(import.meta.dirname, '../../../docs/benchmarks');

const asked = readOptions(process.argv.slice(2), BENCHMARKS, KEPT);
if (typeof asked === 'string') {
  const help = helpOn(BENCHMARKS);
  if (asked === '') console.log(help);
  else console.error(`${asked}\n\n${help}`);
  process.exitCode = asked === '' ? 0 : 2;
} else if (asked.plots) {
  const { drawAll } = await import('./plots/draw-all.js');
  for (const file of await drawAll(asked.out ?? KEPT)) console.log(file);
} else {
  const { short, out } = asked;
  const goals: Goal[] = [];
  for (const benchmark of asked.benchmarks) {
    const surroundings = await readSurroundings();
    const { machine, loadAverage } = surroundings;
    console.log(`\n${benchmark.name}: ${benchmark.what}`);
    console.log(`  ${machine.cores} cores (${machine.cpu}), load average ${loadAverage.join(' ')}`);
    const began = performance.now();
    const othersShare = await watchOthers();
    const measured = await benchmark.run({ short, say: (line) => console.log(`  ${line}`) });
    console.log(renderMeasured(measured));
    goals.push(...measured.goals);
    const run = { short, seconds: (performance.now() - began) / 1_000, othersShare: await othersShare() };
    console.log(`  others used ${number(run.othersShare * 100)} % of the CPU meanwhile`);
    if (measured.goals.some(isFarOff)) {
      if (run.othersShare <= MOST_BY_OTHERS) process.exitCode = 1;
      else console.log('  Too many others were at work: a figure that is far off fails nothing.');
    }
    if (out === undefined) continue;
    console.log(`  ${await writeRecord(out, benchmark, measured, { ...surroundings, ...run })}`);
  }
  if (asked.benchmarks.length > 1) console.log(`\n${renderGoals(goals)}`);
}
