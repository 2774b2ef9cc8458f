import { describe, expect, test } from '@jest/globals';
import { afterPage, nextWindow, type Page, planScans, type Scan } from './windows.js';

/** An account's list, by time alone: the newest first, in pages of `perPage`. */
function list(held: readonly number[], perPage: number, isInOrder = true) {
  return ({ fromMs, toMs, page }: ReturnType<typeof nextWindow>): Page => {
    const found = held.filter((time) => time >= fromMs && time <= toMs);
    const sorted = isInOrder ? found.sort((one, other) => other - one) : found;
    const times = sorted.slice((page - 1) * perPage, page * perPage);
    return { times, isLast: page * perPage >= sorted.length };
  };
}

/** Asks until everything is asked; which times a page was seen to hold, and how many reads that took. */
function scanAll(times: number[], ask: (window: ReturnType<typeof nextWindow>) => Page) {
  const answered: number[] = [];
  const seen: number[] = [];
  let reads = 0;
  for (const scan of planScans(times, 1)) {
    for (let rest: Scan | null = scan; rest; reads += 1) {
      if (reads > 10_000) throw new Error('it never ends');
      const page = ask(nextWindow(rest));
      seen.push(...page.times);
      const after = afterPage(rest, page);
      answered.push(...after.answered);
      rest = after.rest;
    }
  }
  return { answered, seen: new Set(seen), reads };
}

const HOUR = 3_600_000;
const every = (step: number, count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => from + index * step);

test('times are asked once each, in shares of equal size that lie apart', () => {
  expect(planScans([3, 1, 2, 3, 5, 4], 2).map(({ times }) => times)).toEqual([
    [5, 4, 3],
    [2, 1],
  ]);
  expect(planScans([], 8)).toEqual([]);
});

test('a window ends at our own times, however far it might reach', () => {
  const scan = { times: [10 * HOUR, 9.5 * HOUR, 3 * HOUR], spanMs: HOUR, page: 1 };
  expect(nextWindow(scan)).toEqual({ fromMs: 9.5 * HOUR - 1, toMs: 10 * HOUR + 1, page: 1 });
});

describe('reads', () => {
  test.each([
    ['nothing there, one event', [HOUR], [], 1],
    ['nothing there, a month of one an hour', every(HOUR, 720), [], 6],
    ['all of them there, and nothing else: as many as pages', every(1_000, 3_000), every(1_000, 3_000), 4],
    ['a busy account: one for a few of ours', every(100_000, 50), every(500, 10_000), 13],
    ['ours far apart in a busy account: one for each of ours', every(10_000_000, 5), every(500, 100_000), 5],
  ])('%s', (_, ours, held, atMost) => {
    const { answered, seen, reads } = scanAll(ours, list(held, 1_000));
    expect(answered.toSorted((one, other) => one - other)).toEqual(ours);
    const there = new Set(held);
    for (const time of ours) expect(seen.has(time)).toBe(there.has(time));
    expect(reads).toBeLessThanOrEqual(atMost);
  });

  test('more than a page at one moment are read page by page, neighbours in time as well', () => {
    const held = [...Array<number>(2_500).fill(100), 99, 99, 101, 50];
    const { answered, seen, reads } = scanAll([100, 50], list(held, 1_000));
    expect(answered).toEqual([100, 50]);
    expect([...seen].sort()).toEqual([100, 101, 50, 99]);
    expect(reads).toBeLessThan(9);
  });

  test('a list in another order is narrowed until a page holds a window', () => {
    const held = every(500, 8_000).toSorted((one, other) => (one % 7_000) - (other % 7_000));
    const ours = every(250_000, 16);
    const { answered, seen } = scanAll(ours, list(held, 1_000, false));
    expect(answered.toSorted((one, other) => one - other)).toEqual(ours);
    for (const time of ours) expect(seen.has(time)).toBe(true);
  });

  test('what lies behind the last event of a full page is not taken for asked', () => {
    const scan = { times: [100, 90, 80], spanMs: HOUR, page: 1 };
    const { answered, rest } = afterPage(scan, { times: [101, 95, 90], isLast: false });
    expect(answered).toEqual([100]);
    expect(rest).toMatchObject({ times: [90, 80], page: 1 });
  });
});
