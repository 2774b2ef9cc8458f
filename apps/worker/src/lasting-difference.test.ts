import { expect, test } from '@jest/globals';
import type { AuditLine } from '@meterbridge/queue';
import {
  ADDS_UP,
  boundLines,
  compareLines,
  type DifferenceLine,
  differencesOf,
  LASTS_AFTER_MS,
  type Look,
  MOST_LINES,
  seeDifference,
  type Watched,
} from './lasting-difference.js';

const MINUTE = LASTS_AFTER_MS;
const HOUR = 400_000;

const aLine = (over: Partial<DifferenceLine> = {}): DifferenceLine => ({
  shard: 'lago',
  hour: '2015-08-19T16:00Z',
  source: 'backend',
  difference: 70,
  ...over,
});

/** At which of the looks the audit is asked. */
function asked(looks: [at: number, difference: number][], before: Watched = ADDS_UP): number[] {
  let watched = before;
  return looks.flatMap(([at, difference]) => {
    const seen = seeDifference(watched, { at, difference } satisfies Look);
    watched = seen.watched;
    return seen.askAudit ? [at] : [];
  });
}

test.each<[string, [number, number][], number[]]>([
  [
    'an account that adds up',
    [
      [0, 0],
      [MINUTE, 0],
      [2 * MINUTE, 0],
    ],
    [],
  ],
  ['one look, however large the difference is', [[0, 5_000]], []],
  [
    'a difference that is gone at the next look',
    [
      [0, 5],
      [MINUTE, 0],
    ],
    [],
  ],
  [
    'one that comes and goes begins anew each time',
    [
      [0, 5],
      [40_000, 0],
      [50_000, 5],
      [MINUTE + 49_999, 5],
      [MINUTE + 50_000, 5],
    ],
    [MINUTE + 50_000],
  ],
  [
    'two looks that are nearer than a minute',
    [
      [0, 5],
      [MINUTE - 1, 5],
    ],
    [],
  ],
  [
    'two looks a minute apart, whatever lies between and whichever sign it has',
    [
      [0, -5],
      [15_000, 3],
      [MINUTE, 70],
      [MINUTE + 15_000, 70],
    ],
    [MINUTE, MINUTE + 15_000],
  ],
  [
    'the same look again is none, even much later',
    [
      [0, 5],
      [0, 5],
      [MINUTE, 5],
      [MINUTE, 5],
    ],
    [MINUTE],
  ],
])('the audit is asked where a difference lasts: %s', (_name, looks, at) => {
  expect(asked(looks)).toEqual(at);
});

test('what was told is asked about at every new look until the audit finds nothing', () => {
  const told: Watched = { lastLookAt: 0, since: 0, lines: [aLine()] };
  const looks: [number, number][] = [
    [1, 0],
    [1, 0],
    [2, 0],
  ];
  expect(asked(looks, told)).toEqual([1, 2]);
  expect(asked(looks, { ...told, lines: [] })).toEqual([]);
});

test('lines that do not add up are told in words, the largest first, those that do are not', () => {
  const counts = {
    accepted: 1,
    delivered: 1,
    duplicate: 0,
    late: 0,
    olderRule: 0,
    notCompared: 0,
    notKept: 0,
    filtered: 0,
    dead: 0,
    discarded: 0,
    inFlight: 0,
  };
  const audit: AuditLine[] = [
    { ...counts, destination: 'lago', hour: null, source: null, difference: 2 },
    { ...counts, destination: 'lago', hour: HOUR, source: 'backend', difference: 0 },
    { ...counts, destination: 'lago', hour: HOUR, source: 'web', difference: 1 },
    { ...counts, destination: 'lago@2', hour: HOUR + 1, source: 'web', difference: -30 },
  ];
  expect(differencesOf(audit)).toEqual([
    { shard: 'lago@2', hour: '2015-08-19T17:00Z', source: 'web', difference: -30 },
    { shard: 'lago', hour: 'earlier', source: 'any', difference: 2 },
    { shard: 'lago', hour: '2015-08-19T16:00Z', source: 'web', difference: 1 },
  ]);
});

test.each<[string, DifferenceLine[], DifferenceLine[], DifferenceLine[], DifferenceLine[]]>([
  ['nothing before, nothing now', [], [], [], []],
  ['it begins', [], [aLine()], [aLine()], []],
  ['it stays as it was', [aLine()], [aLine()], [], []],
  ['it changes', [aLine()], [aLine({ difference: 71 })], [aLine({ difference: 71 })], []],
  ['it is over', [aLine()], [], [], [aLine()]],
  [
    'shard, hour and source tell lines apart',
    [aLine()],
    [aLine(), aLine({ shard: 'lago@1' }), aLine({ hour: 'earlier' }), aLine({ source: 'web' })],
    [aLine({ shard: 'lago@1' }), aLine({ hour: 'earlier' }), aLine({ source: 'web' })],
    [],
  ],
  ['it goes elsewhere', [aLine()], [aLine({ source: 'web' })], [aLine({ source: 'web' })], [aLine()]],
])('what is new and what is gone: %s', (_name, before, now, changed, gone) => {
  expect(compareLines(before, now)).toEqual({ changed, gone });
});

test.each([
  [0, 0],
  [1, 1],
  [MOST_LINES, MOST_LINES],
  [MOST_LINES + 1, MOST_LINES + 1],
  [500, MOST_LINES + 1],
])('of %d lines, %d are told, and their sum is the same', (count, told) => {
  const lines = Array.from({ length: count }, (_, index) =>
    aLine({ hour: `${index}`, difference: index + 1 }),
  );
  const bound = boundLines('lago', lines);
  const sum = (all: DifferenceLine[]) => all.reduce((total, { difference }) => total + difference, 0);
  expect(bound).toHaveLength(told);
  expect(sum(bound)).toBe(sum(lines));
  expect(bound.slice(0, MOST_LINES)).toEqual(lines.slice(0, MOST_LINES));
  if (count > MOST_LINES) {
    expect(bound.at(-1)).toMatchObject({ shard: 'lago', hour: 'others', source: 'others' });
  }
});
