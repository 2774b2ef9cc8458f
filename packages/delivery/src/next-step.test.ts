import { expect, test } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, nextStep, type Tries } from './next-step.js';
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
