import { expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, nextStep, REMOVED_RULE_WAIT_MS, type Tries } from './next-step.js';
import { FAILURE_FOLLOWS, type FailureCode, type Outcome } from './outcome.js';

const now = 1_000_000_000;
const failed = (code: FailureCode): Outcome => ({ outcome: 'failed', code, status: 503, detail: 'words' });
const step = (outcome: Outcome, before?: Tries, random = 0.5) =>
  nextStep(outcome, before, DEFAULT_RETRY_POLICY, now, random);

test.each<[Outcome, string]>([
  [{ outcome: 'delivered' }, 'complete'],
  [{ outcome: 'duplicate' }, 'complete'],
  [{ outcome: 'unsent' }, 'return'],
])('%j leads to %s', (outcome, expected) => {
  expect(step(outcome).step).toBe(expected);
});

test.each(Object.entries(FAILURE_FOLLOWS) as [FailureCode, 'retry' | 'dead-letter'][])(
  '%s leads to %s',
  (code, follows) => {
    expect(step(failed(code)).step).toBe(follows);
  },
);

test('a first failure remembers when it was and what was said', () => {
  expect(step(failed('timeout'))).toEqual({
    step: 'retry',
    delayMs: 250,
    tries: { attempts: 1, firstFailedAt: now, lastCode: 'timeout', lastStatus: 503, lastDetail: 'words' },
  });
});

test('each further failure is kept beside those before it', () => {
  let tries: Tries | undefined;
  const fail = (at: number, code: FailureCode, detail: string) => {
    const next = nextStep({ outcome: 'failed', code, detail }, tries, DEFAULT_RETRY_POLICY, at, 0.5);
    if (next.step !== 'retry') throw new Error(next.step);
    tries = next.tries;
  };
  fail(now, 'timeout', 'no answer');
  fail(now + 10, 'server_error', 'x'.repeat(450));
  fail(now + 20, 'connection', 'reset');
  expect(tries).toEqual({
    attempts: 3,
    firstFailedAt: now,
    lastFailedAt: now + 20,
    lastCode: 'connection',
    lastDetail: 'reset',
    earlier: [
      { at: now, code: 'timeout', detail: 'no answer' },
      { at: now + 10, code: 'server_error', detail: 'x'.repeat(200) },
    ],
  });
  for (let n = 3; n < 100; n++) fail(now + n * 10, 'timeout', 'no answer');
  expect(tries!.earlier!.map(({ at }) => at - now)).toEqual([0, 910, 920, 930, 940, 950, 960, 970, 980]);
  expect(tries).toMatchObject({ attempts: 100, firstFailedAt: now, lastFailedAt: now + 990 });
});

test('many tries do not give it up, age does', () => {
  const young = { attempts: 5_000, firstFailedAt: now - 71 * 3_600_000, lastCode: 'timeout' };
  const old = { attempts: 3, firstFailedAt: now - 72 * 3_600_000, lastCode: 'timeout' };
  expect(step(failed('timeout'), young)).toMatchObject({ step: 'retry', delayMs: 150_000 });
  expect(step(failed('timeout'), old)).toMatchObject({ step: 'dead-letter', reason: 'expired' });
});

test('what comes back unsent has cost no attempt', () => {
  expect(step({ outcome: 'unsent' }, { attempts: 2, firstFailedAt: now, lastCode: 'timeout' })).toEqual({
    step: 'return',
  });
});

test('a delivery whose rule was removed waits for a day from then on, however long it had failed, and is then a dead letter', () => {
  const policy = { ...DEFAULT_RETRY_POLICY, giveUpAfterMs: 3_600_000 };
  const removed = failed('rule_removed');
  const before = { attempts: 9, firstFailedAt: now - 2_000_000, lastCode: 'connection' };
  const first = nextStep(removed, before, policy, now, 0.5);
  if (first.step !== 'retry') throw new Error(first.step);
  const last = now + REMOVED_RULE_WAIT_MS;
  expect(nextStep(removed, first.tries, policy, last - 1, 0.5).step).toBe('retry');
  expect(nextStep(removed, first.tries, policy, last, 0.5)).toMatchObject({
    step: 'dead-letter',
    reason: 'unknown_rule',
    tries: { lastDetail: 'words' },
  });
});
