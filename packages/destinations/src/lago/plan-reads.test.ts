import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { planReads, type Wanted } from './plan-reads.js';

const SECOND = 1_000;
const HOUR = 3_600_000;

/** Wanted events of a subscription at some times, in seconds. */
function at(subscription: string, seconds: readonly number[], rule = 'r'): Wanted[] {
  return seconds.map((second) => ({
    id: `${subscription}-${second}`,
    subscription,
    atMs: second * SECOND,
    rule,
  }));
}

const count = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => from + index * step);

/** `<subscription or *> <from>..<to>`, in seconds without the slack, and how many it is to find. */
function say(wanted: readonly Wanted[], eventsPerSecond?: number): string[] {
  const density = eventsPerSecond === undefined ? undefined : eventsPerSecond / SECOND;
  return planReads(wanted, density).map(({ subscription = '*', window, of }) => {
    const { fromMs, toMs } = window!;
    return `${subscription} ${(fromMs + 1) / SECOND}..${(toMs - 1) / SECOND}: ${of.length}`;
  });
}

test.each<[string, Wanted[], number | undefined, string[]]>([
  ['nothing is wanted', [], undefined, []],
  ['one event', at('a', [5]), undefined, ['a 5..5: 1']],
  ['one subscription', at('a', count(0, 500)), undefined, ['a 0..499: 500']],
  ['several subscriptions at one time', [...at('a', [1, 3]), ...at('b', [2])], undefined, ['* 1..3: 3']],
  [
    'several subscriptions, where so much is held that one each is less',
    [...at('a', [0]), ...at('b', [600])],
    100,
    ['a 0..0: 1', 'b 600..600: 1'],
  ],
  [
    'many subscriptions, where two pages of all are less than one for each',
    count(0, 20).flatMap((number) => at(`s${number}`, [number])),
    100,
    ['* 0..19: 20'],
  ],
  [
    'gaps in which more than a page is held are left out',
    at('a', [0, 1, 100, 101]),
    50,
    ['a 0..1: 2', 'a 100..101: 2'],
  ],
  ['gaps in which less is held are read', at('a', [0, 1, 15, 16]), 50, ['a 0..16: 4']],
  [
    'never all of everybody for longer than an hour',
    [...at('a', [0, 1]), ...at('b', [0, 1]), ...at('c', [7_200]), ...at('d', [7_200])],
    0.001,
    ['* 0..1: 4', '* 7200..7200: 2'],
  ],
  [
    'rules have turns',
    [...at('a', [0, 100, 200, 300], 'one'), ...at('b', [400], 'two')],
    50,
    ['a 0..0: 1', 'b 400..400: 1', 'a 200..200: 1', 'a 100..100: 1', 'a 300..300: 1'],
  ],
])('%s', (_what, wanted, eventsPerSecond, reads) => {
  expect(say(wanted, eventsPerSecond)).toEqual(reads);
  expect(say(wanted.toReversed(), eventsPerSecond).toSorted()).toEqual(reads.toSorted());
});

const someWanted = fc
  .array(
    fc.record({
      id: fc.uuid(),
      subscription: fc.constantFrom('a', 'b', 'c', 'd'),
      atMs: fc.nat({ max: 3 * HOUR }),
      rule: fc.constantFrom('one', 'two'),
    }),
    { maxLength: 50 },
  )
  .map((list) => list as Wanted[]);

test('each is wanted of one read, which covers it', () => {
  fc.assert(
    fc.property(
      someWanted,
      fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: undefined }),
      (wanted, density) => {
        const reads = planReads(wanted, density);
        expect(new Set(reads.flatMap(({ of }) => of))).toEqual(new Set(wanted));
        expect(reads.flatMap(({ of }) => of)).toHaveLength(wanted.length);
        for (const { subscription, window, of } of reads) {
          for (const one of of) {
            if (subscription !== undefined) expect(one.subscription).toBe(subscription);
            expect(one.atMs).toBeGreaterThan(window!.fromMs);
            expect(one.atMs).toBeLessThan(window!.toMs);
          }
        }
        // Never more than one for each.
        expect(reads.length).toBeLessThanOrEqual(wanted.length);
      },
    ),
  );
});
