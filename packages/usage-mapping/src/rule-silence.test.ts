import { describe, expect, test } from '@jest/globals';
import { judgeRule, type RuleDay } from './rule-silence.js';

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const TODAY = 20_000;
/** Noon. */
const NOW = TODAY * DAY + 12 * HOUR;

/** A day by how long ago it was. */
const day = (ago: number, taken: number, longestGapMs: number): RuleDay => ({
  day: TODAY - ago,
  taken,
  longestGapMs,
});

describe('a rule with history', () => {
  test.each<[string, RuleDay[], number, 'taking' | 'silent']>([
    ['busy, a minute ago', [day(0, 5_000, 2_000)], MINUTE, 'taking'],
    ['busy, just short of an hour ago', [day(0, 5_000, 2_000)], HOUR - 1, 'taking'],
    ['busy, an hour ago', [day(0, 5_000, 2_000)], HOUR, 'silent'],
    ['took one event, and just now', [day(0, 1, 0)], 0, 'taking'],
    ['took one event, an hour ago', [day(0, 1, 0)], HOUR, 'silent'],
    ['hourly with some delay', [day(0, 12, HOUR + 7_000), day(1, 24, HOUR)], 2 * HOUR, 'taking'],
    ['hourly, three hours and a bit ago', [day(0, 12, HOUR), day(1, 24, HOUR)], 3 * HOUR, 'silent'],
    [
      'rests at night, after the first hours of one',
      [day(0, 90, 15 * HOUR), day(1, 99, 15 * HOUR)],
      10 * HOUR,
      'taking',
    ],
    ['rests at night, two days ago', [day(2, 90, 15 * HOUR)], 45 * HOUR, 'silent'],
    ['rests at weekends, on a Monday', [day(3, 90, 64 * HOUR), day(4, 90, 15 * HOUR)], 66 * HOUR, 'taking'],
    ['rests at weekends, for eight days', [day(8, 90, 64 * HOUR)], 8 * DAY, 'silent'],
    ['weekly, for ten days', [day(10, 1, 7 * DAY)], 10 * DAY, 'taking'],
    ['a longer gap is as old as may be', [day(0, 9, MINUTE), day(14, 9, 5 * HOUR)], 14 * HOUR, 'taking'],
    ['a longer gap is too old to count', [day(0, 9, MINUTE), day(15, 9, 5 * HOUR)], 14 * HOUR, 'silent'],
    ['the clock that said when is ahead', [day(0, 9, MINUTE)], -HOUR, 'taking'],
  ])('%s', (_what, days, agoMs, state) => {
    expect(judgeRule({ days, lastTakenAt: NOW - agoMs }, NOW).state).toBe(state);
  });

  test('says how many it took, and until when it may rest', () => {
    const days = [day(0, 3, 2 * HOUR), day(5, 4, HOUR), day(20, 1_000, 9 * DAY)];
    const lastTakenAt = NOW - HOUR;
    expect(judgeRule({ days, lastTakenAt }, NOW)).toEqual({
      state: 'taking',
      taken: 7,
      lastTakenAt,
      silentAt: lastTakenAt + 6 * HOUR,
    });
  });
});

test.each([
  ['never seen', [], null],
  ['nothing for more than fourteen days', [day(15, 100, HOUR)], NOW - 15 * DAY],
  ['days without a time', [day(1, 5, HOUR)], null],
])('a rule without history is named until it takes its first: %s', (_what, days, lastTakenAt) => {
  expect(judgeRule({ days, lastTakenAt }, NOW)).toMatchObject({
    state: 'unused',
    lastTakenAt,
    silentAt: null,
  });
});
