import { describe, expect, test } from '@jest/globals';
import { type Acceptances, CONTROL } from './acceptances.js';
import { DEFAULT_RETRY_POLICY, nextStep, type Tries } from './next-step.js';
import type { Suspected } from './outcome.js';
import {
  type Apart,
  isTheirOwn,
  type Judgement,
  judgeSuspect,
  mayProbe,
  type Suspect,
  suspectAfter,
  suspectDelayMs,
} from './suspect.js';

const WAY = '/events/batch';
const HOUR_MS = 3_600_000;
const now = 1_000_000_000;
const accepted = (since: number, last: number, way = WAY): Acceptances => ({
  [way]: { since: now + since, last: now + last },
});
const steady = accepted(-2 * HOUR_MS, 0);
const suspect = (over: Partial<Suspect> = {}): Suspect => ({
  at: now - 100,
  of: 1,
  way: WAY,
  alone: 1,
  proofs: 0,
  ...over,
});

function judge(
  over: Partial<Suspect>,
  known: Acceptances = steady,
  lastCode = 'refused',
  attempts = 1,
): Judgement {
  return judgeSuspect({ suspect: suspect(over), attempts, lastCode }, known, now, DEFAULT_RETRY_POLICY);
}

test('what nobody suspects goes with others', () => {
  const tries = { attempts: 3, lastCode: 'timeout' };
  expect(judgeSuspect(undefined, steady, now, DEFAULT_RETRY_POLICY)).toEqual({ send: 'with others' });
  expect(judgeSuspect(tries, steady, now, DEFAULT_RETRY_POLICY)).toEqual({ send: 'with others' });
});

describe('the size of its group', () => {
  const whole = Number.POSITIVE_INFINITY;
  test.each<[string, number, Acceptances, number, number, boolean]>([
    ['a quarter, where others are accepted before and after', 100, steady, 1, 25, true],
    ['a quarter, rounded up', 25, steady, 1, 7, true],
    ['one of four', 4, steady, 1, 1, true],
    ['one of two', 2, steady, 1, 1, true],
    ['one stays one', 1, steady, 1, 1, true],
    ['a quarter, where others were accepted immediately before', 100, accepted(-5_000, -4_000), 1, 25, false],
    ['a quarter, where others are accepted only since', 100, accepted(-50, -50), 1, 25, false],
    ['whole, where nobody was accepted lately', 100, accepted(-HOUR_MS, -5_101), 1, whole, false],
    ['whole, where nobody ever was', 100, {}, 2, whole, false],
    ['a quarter all the same, from the third attempt on', 100, {}, 3, 25, false],
    ['whole, where others are accepted another way', 100, accepted(-HOUR_MS, 0, '/other'), 1, whole, false],
  ])('%s', (_what, of, known, attempts, atMost, isConfirmed) => {
    expect(judge({ of, alone: 0 }, known, 'refused', attempts)).toMatchObject({
      send: 'apart',
      apart: { atMost, isConfirmed },
    });
  });
});

describe('what proves a failure alone', () => {
  test.each<[string, Partial<Suspect>, Acceptances, number]>([
    ['others before and after', {}, steady, 1],
    ['nobody after', {}, accepted(-HOUR_MS, -100), 0],
    ['nobody before', {}, accepted(-99, 0), 0],
    ['a failure among others', { of: 2 }, steady, 0],
    ['an outage between that lasted more than a minute', {}, accepted(-50, 0), 0],
    ['a control, where it counts', { control: true }, accepted(-HOUR_MS, 0, CONTROL), 1],
    [
      'another event before, and a control after',
      { control: true },
      { ...accepted(-9_000, -200), ...accepted(-50, -50, CONTROL) },
      1,
    ],
    ['a control, where it does not', {}, accepted(-HOUR_MS, 0, CONTROL), 0],
  ])('%s', (_what, over, known, proofs) => {
    expect(judge(over, known, 'server_error')).toMatchObject({ send: 'apart', suspect: { proofs } });
  });

  test('judging twice proves nothing more', () => {
    const first = judge({}) as Judgement & { send: 'apart' };
    expect(judge({})).toEqual(first);
    expect(first.suspect).toMatchObject({ proofs: 1, provedSince: now - 100 });
  });
});

test.each<[string, string, Partial<Suspect>, Acceptances, string | undefined]>([
  ['refused once', 'refused', {}, steady, undefined],
  ['refused twice', 'refused', { proofs: 1 }, steady, 'refused'],
  ['too large twice', 'too_large', { proofs: 1 }, steady, 'too_large'],
  ['refused twice, nobody after the second', 'refused', { proofs: 1 }, accepted(-HOUR_MS, -100), undefined],
  ['failed twice within an hour', 'server_error', { proofs: 1, provedSince: now - 9_000 }, steady, undefined],
  [
    'failed for an hour',
    'server_error',
    { proofs: 2, provedSince: now - 100 - HOUR_MS },
    steady,
    'fails_alone',
  ],
  [
    'failed for a little less',
    'server_error',
    { proofs: 9, provedSince: now - 99 - HOUR_MS },
    steady,
    undefined,
  ],
  [
    'failed for an hour, but seldom',
    'timeout',
    { proofs: 1, provedSince: now - 2 * HOUR_MS },
    steady,
    undefined,
  ],
  [
    'a connection cut for an hour',
    'connection',
    { proofs: 5, provedSince: now - 2 * HOUR_MS },
    steady,
    'fails_alone',
  ],
  [
    'an answer without sense for an hour',
    'unexpected_answer',
    { proofs: 5, provedSince: now - 2 * HOUR_MS },
    steady,
    'fails_alone',
  ],
])('what it dies of: %s', (_what, lastCode, over, known, reason) => {
  const judgement = judge(over, known, lastCode);
  expect(judgement.send === 'never' ? judgement.reason : undefined).toBe(reason);
});

test('it waits for its time, unless that is of another clock', () => {
  expect(judge({ due: now + 700 })).toEqual({ send: 'later', waitMs: 700 });
  expect(judge({ due: now }).send).toBe('apart');
  expect(judge({ due: now + HOUR_MS }).send).toBe('apart');
  // What is proved does not wait.
  expect(judge({ due: now + 700, proofs: 1 }).send).toBe('never');
});

const failure = (over: Partial<Suspected> = {}): Suspected => ({
  outcome: 'suspected',
  code: 'refused',
  status: 403,
  at: now,
  of: 1,
  way: WAY,
  isAccepting: true,
  ...over,
});

test.each<[string, Partial<Suspected>, Suspect | undefined, string | undefined, Partial<Suspect>]>([
  ['a first failure among others', { of: 40 }, undefined, undefined, { of: 40, alone: 0, proofs: 0 }],
  ['a first failure alone', {}, undefined, undefined, { of: 1, alone: 1, proofs: 0 }],
  [
    'the next alone',
    {},
    suspect({ alone: 3, proofs: 1, provedSince: 5 }),
    'refused',
    { alone: 4, proofs: 1, provedSince: 5 },
  ],
  [
    'a failure after refusals',
    { code: 'timeout' },
    suspect({ alone: 3, proofs: 1, provedSince: 5 }),
    'refused',
    { alone: 4, proofs: 0 },
  ],
  [
    'a 503 after a time-out',
    { code: 'server_error' },
    suspect({ proofs: 4, provedSince: 5 }),
    'timeout',
    { proofs: 4, provedSince: 5 },
  ],
  [
    'another way',
    { way: '/other' },
    suspect({ alone: 3, proofs: 1 }),
    'refused',
    { alone: 1, proofs: 0, way: '/other' },
  ],
  [
    'among others again',
    { of: 3 },
    suspect({ alone: 3, proofs: 1 }),
    'refused',
    { alone: 0, proofs: 0, of: 3 },
  ],
  ['a control that counts', { control: true }, undefined, undefined, { control: true }],
])('what is remembered after %s', (_what, outcome, before, lastCode, remembered) => {
  const after = suspectAfter(failure(outcome), before, lastCode);
  expect(after).toMatchObject(remembered);
  if (!('provedSince' in remembered)) expect(after.provedSince).toBeUndefined();
});

test.each<[string, Partial<Suspect>, boolean, number, number]>([
  ['among others while others are accepted: at once', { of: 40, alone: 0 }, true, 9, 0],
  ['among others in an outage: as every failure', { of: 40, alone: 0 }, false, 3, 1_000],
  ['alone at first: long enough for others to be accepted', {}, true, 8, 1_500],
  ['alone, the fifth time', { alone: 5 }, true, 12, 4_000],
  ['alone for long, while others are accepted: less than a minute', { alone: 30 }, true, 40, 22_500],
  ['alone for long, while nobody is', { alone: 30 }, false, 40, 150_000],
])('how long it waits %s', (_what, over, isAccepting, attempts, delayMs) => {
  const how = { attempts, isAccepting };
  expect(suspectDelayMs(suspect(over), how, DEFAULT_RETRY_POLICY, 0.5)).toBe(delayMs);
});

test('a suspect that is compared with others is a probe only once nobody is accepted any more', () => {
  const series = { since: 0, last: now };
  expect(mayProbe({ atMost: 1, isConfirmed: true }, series, now + 60_000)).toBe(false);
  expect(mayProbe({ atMost: 1, isConfirmed: true }, series, now + 60_001)).toBe(true);
  expect(mayProbe({ atMost: 1, isConfirmed: false }, series, now)).toBe(true);
});

test('it goes through the steps of a delivery: its time stands in what is remembered', () => {
  const first = nextStep(failure({ of: 100 }), undefined, DEFAULT_RETRY_POLICY, now, 0.5);
  expect(first).toMatchObject({ step: 'retry', delayMs: 0, tries: { attempts: 1, suspect: { of: 100 } } });
  const before = (first as { tries: Tries }).tries;
  const next = nextStep(failure({ judged: suspect() }), before, DEFAULT_RETRY_POLICY, now, 0.5);
  expect(next).toMatchObject({
    step: 'retry',
    delayMs: 1_500,
    tries: { attempts: 2, suspect: { of: 1, alone: 2, due: now + 1_500 } },
  });
});

test('what keeps it from being sent takes no suspicion away', () => {
  const before = { attempts: 2, firstFailedAt: now, lastCode: 'refused', suspect: suspect({ proofs: 1 }) };
  const next = nextStep(
    { outcome: 'failed', code: 'connection', detail: 'could not be written down' },
    before,
    DEFAULT_RETRY_POLICY,
    now,
    0.5,
  );
  expect(next).toMatchObject({ step: 'retry', tries: { attempts: 3, suspect: before.suspect } });
});

test('it expires like any other', () => {
  const before = { attempts: 9, firstFailedAt: now - 72 * HOUR_MS, lastCode: 'refused', suspect: suspect() };
  expect(nextStep(failure({ usage: '{}' }), before, DEFAULT_RETRY_POLICY, now, 0.5)).toMatchObject({
    step: 'dead-letter',
    reason: 'expired',
    usage: '{}',
  });
});

describe('whose affair a failure is', () => {
  const alone: Apart = { atMost: 1, isConfirmed: false };
  const grouped: Apart = { atMost: 8, isConfirmed: false };
  const confirmed: Apart = { atMost: 8, isConfirmed: true };
  const others = steady[WAY];

  test.each<[string, (Apart | undefined)[], boolean, boolean]>([
    ['of events that nobody suspects', [undefined, undefined], false, false],
    ['of suspects that others were not compared with', [grouped, grouped], false, false],
    ['of suspects while others were accepted around their last failure', [confirmed, confirmed], true, true],
    ['of some of those', [confirmed, grouped], true, false],
    ['of one that failed alone before', [alone], false, true],
    ['of one that is refused again', [alone], true, false],
    ['of a control', [], true, false],
  ])('%s', (_what, sent, isRefused, isOwn) => {
    expect(isTheirOwn(sent, isRefused, others, now)).toBe(isOwn);
  });

  test('a lone one tells of the health where nobody else does', () => {
    expect(isTheirOwn([alone], false, accepted(-HOUR_MS, -60_001)[WAY], now)).toBe(false);
    expect(isTheirOwn([alone], false, undefined, now)).toBe(false);
  });
});
