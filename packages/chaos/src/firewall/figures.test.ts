import { expect, test } from '@jest/globals';
import { type Figures, findShortcomings, measurePace } from './figures.js';

/** A thousand a second, each stored after so long. */
const ways = (count: number, latencyMs: (n: number) => number | undefined) =>
  Array.from({ length: count }, (_, n) => {
    const latency = latencyMs(n);
    return { acceptedAtMs: 1_000 + n, storedAtMs: latency === undefined ? undefined : 1_000 + n + latency };
  });

test('what keeps pace is stored at the rate that it is offered at', () => {
  const pace = measurePace(
    ways(1_000, () => 80),
    80,
  );
  expect(pace).toMatchObject({ p95Ms: 80, storedShare: 1 });
  expect(pace.offeredPerSecond).toBeCloseTo(1_001, 0);
});

test('what falls behind is not: half the rate leaves half undone at the end', () => {
  const { storedShare } = measurePace(
    ways(1_000, (n) => 80 + n),
    80,
  );
  expect(storedShare).toBeCloseTo(0.5, 2);
});

test('the slowest twentieth does not move the p95, and one more does', () => {
  expect(measurePace(ways(100, (n) => (n < 95 ? 10 : 5_000))).p95Ms).toBe(10);
  expect(measurePace(ways(100, (n) => (n < 94 ? 10 : 5_000))).p95Ms).toBe(5_000);
});

test('what was never stored counts as late for ever', () => {
  const pace = measurePace(
    ways(10, (n) => (n === 3 ? undefined : 10)),
    10,
  );
  expect(pace).toMatchObject({ p95Ms: Number.POSITIVE_INFINITY, storedShare: 0.9 });
});

const good: Figures = {
  where: 'lago',
  offeredPerSecond: 1_000,
  storedShare: 0.95,
  p95Ms: 200,
  calmP95Ms: 100,
  poisoned: 10,
  finding: 140,
  proving: 32,
  isProvedOverTime: false,
  batchSize: 100,
};

test.each<[string, Partial<Figures>, RegExp[]]>([
  ['just as much as is allowed', {}, []],
  ['too slow', { storedShare: 0.949 }, [/stored at 0\.949/]],
  ['too late', { p95Ms: 201 }, [/p95 is 201 ms, 2\.0 times the 100 ms/]],
  ['never', { p95Ms: Number.POSITIVE_INFINITY }, [/p95/]],
  ['too many requests', { proving: 33 }, [/17\.30 requests .* 17\.29 are allowed/]],
  ['many proofs, over a time', { isProvedOverTime: true, proving: 1_000 }, []],
  [
    'too many to find it',
    { isProvedOverTime: true, finding: 153 },
    [/15\.30 requests .* 15\.29 are allowed/],
  ],
  ['no dead letter', { poisoned: 0, finding: 0, proving: 0 }, [/no poisoned event is a dead letter/]],
  ['no calm phase', { calmP95Ms: Number.NaN }, [/p95/]],
])('%s', (_name, changes, expected) => {
  const found = findShortcomings({ ...good, ...changes });
  expect(found).toHaveLength(expected.length);
  for (const [at, words] of expected.entries()) expect(found[at]).toMatch(words);
});
