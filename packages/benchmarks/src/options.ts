import { parseArgs } from 'node:util';
import type { Benchmark } from './benchmark.js';

/** What to run; with `plots`, what to draw of runs before. */
export type Asked = {
  plots: boolean;
  benchmarks: readonly Benchmark[];
  short: boolean;
  /** Where the figures go; undefined: nowhere. */
  out: string | undefined;
};

/**
 * @param kept where the figures of a whole run go if nothing else is said
 * @returns what is wrong with the arguments as a text, an empty one where help is asked for
 */
export function readOptions(args: string[], all: readonly Benchmark[], kept: string): Asked | string {
  const options = {
    short: { type: 'boolean' },
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (values.help) return '';
    const plots = positionals.includes('plots');
    const unknown = positionals.find((name) => name !== 'plots' && !all.some((each) => each.name === name));
    if (unknown !== undefined) return `there is no benchmark ${unknown}`;
    const short = values.short ?? false;
    if (plots && positionals.length > 1) return 'plots draws what is there, and runs nothing';
    // A short run must not take the place of figures that somebody trusts.
    const out = values.out ?? (short ? undefined : kept);
    const benchmarks = positionals.length === 0 ? all : all.filter(({ name }) => positionals.includes(name));
    return { plots, benchmarks, short, out };
  } catch (error) {
    return (error as Error).message;
  }
}

export function helpOn(all: readonly Benchmark[]): string {
  const minutes = Math.ceil(all.reduce((sum, { seconds }) => sum + seconds.whole, 0) / 60);
  const line = ({ name, what, seconds }: Benchmark) =>
    `  ${name.padEnd(17)}${what} (${seconds.whole} s, short ${seconds.short} s)`;
  return `npm run bench                            all of them, about ${minutes} minutes
npm run bench -- throughput latency      these
npm run bench -- --short throughput      smaller and less exact, as CI does; leaves no figures behind
npm run bench -- limit --out /tmp/here   where the figures go; default docs/benchmarks
npm run bench -- plots                   draws what is in docs/benchmarks, or in --out

${all.map(line).join('\n')}

Everything runs on this machine, on the loopback, with a Redis of its own (appendfsync always). Machines are
noisy: trust the ratios of one run, not its absolute figures. Exit code 1 where a figure is not even half of
its goal, or where an event was lost; 2 for wrong usage. BENCH_PROFILE_DIR=<folder> leaves a CPU profile of
each process there. docs/benchmarks.md says how to read them.`;
}
