import { expect, test } from '@jest/globals';
import { BENCHMARKS } from './benchmarks/index.js';
import { helpOn, readOptions } from './options.js';

const read = (...args: string[]) => readOptions(args, BENCHMARKS, 'docs/benchmarks');

test('everything is run in full where nothing is said', () => {
  expect(read()).toEqual({ plots: false, benchmarks: BENCHMARKS, short: false, out: 'docs/benchmarks' });
});

test('a short run leaves nothing behind unless it is told where', () => {
  expect(read('--short')).toMatchObject({ short: true, out: undefined });
  expect(read('--short', '--out', '/tmp/x')).toMatchObject({ short: true, out: '/tmp/x' });
});

test('benchmarks are chosen by name', () => {
  expect(read('throughput')).toMatchObject({ benchmarks: [{ name: 'throughput' }] });
});

test('plots draws what is kept, or what lies elsewhere', () => {
  expect(read('plots')).toMatchObject({ plots: true, out: 'docs/benchmarks' });
  expect(read('plots', '--out', '/tmp/x')).toMatchObject({ plots: true, out: '/tmp/x' });
});

test.each([
  [['speed'], 'there is no benchmark speed'],
  [['plots', 'throughput'], 'runs nothing'],
  [['--shrot'], "Unknown option '--shrot'"],
])('%j is refused', (args, words) => {
  expect(read(...args)).toEqual(expect.stringContaining(words));
});

test('the help names every benchmark', () => {
  expect(read('--help')).toBe('');
  for (const { name } of BENCHMARKS) expect(helpOn(BENCHMARKS)).toContain(`\n  ${name} `);
});
