import { expect, test } from '@jest/globals';
import { ratesOf, watch } from './watch.js';

test('a rate is taken over the second before', () => {
  const looks = [0, 0.25, 0.5, 0.75, 1, 1.25, 3].map((second) => ({ second, count: second * 40 }));
  const rates = ratesOf(looks, ({ count }) => count);
  expect(rates.map(([second]) => second)).toEqual([0.75, 1, 1.25, 3]);
  for (const [, rate] of rates) expect(rate).toBeCloseTo(40);
  expect(ratesOf([], () => 1)).toEqual([]);
  expect(ratesOf([{ second: 0 }], () => 1)).toEqual([]);
});

test('what is seen is kept in order', async () => {
  let n = 0;
  const watching = watch(async () => ({ n: n++ }), 1);
  while (n < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  const looks = await watching.stop();
  expect(looks.slice(0, 3).map((look) => look.n)).toEqual([0, 1, 2]);
  expect(looks[2]!.second).toBeGreaterThan(looks[0]!.second);
});
