import { expect, test } from '@jest/globals';
import { chooseCut, type Sample } from './power-cut.js';

const samples: Sample[] = [
  { atMs: 0, bytes: 100 },
  { atMs: 500, bytes: 200 },
  { atMs: 520, bytes: 200 },
  { atMs: 900, bytes: 300 },
  { atMs: 1_500, bytes: 400 },
];

test.each<[string, number, number, ReturnType<typeof chooseCut>]>([
  ['right after what there was a second ago', 1_530, 0, { bytes: 200, asOfMs: 520 }],
  ['in the midst of what came next', 1_530, 0.5, { bytes: 250, asOfMs: 520 }],
  ['one byte before its end', 1_530, 0.999, { bytes: 299, asOfMs: 520 }],
  ['a moment that was seen itself', 1_500, 0, { bytes: 200, asOfMs: 500 }],
  ['before anything was seen', 900, 0, undefined],
  ['nothing was written since', 3_000, 0, undefined],
])('%s', (_what, failedAtMs, random, cut) => {
  expect(chooseCut(samples, failedAtMs, () => random)).toEqual(cut);
});
