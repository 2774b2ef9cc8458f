import { expect, test } from '@jest/globals';
import type { Outcome, Settlement, StoredDelivery } from '@meterbridge/delivery';
import { useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { createMutex, type DeliveryWorkerOptions } from '../src/index.js';
import { queueKeys } from '../src/keys/keys.js';
import { refused } from './dead-line.js';
import { delivered, makeLines } from './pipeline-line.js';

const closing = useClosing();
const open = makeLines(() => suite, { batchSize: 100 });
const suite = useRedis();

type Attempt = { ids: string[]; isTrial: boolean };

const idOf = ({ event }: StoredDelivery) => event.messageId as string;
const unsent = (deliveries: StoredDelivery[]): Outcome[] => deliveries.map(() => ({ outcome: 'unsent' }));
const failed = { outcome: 'failed', code: 'timeout' } as const;

/**
 * A job of 100 deliveries that was in the hand of a crashed worker, and whose trial hangs until the test answers it.
 * Resolves when the trial has given its turn away: it took too long, and goes on.
 */
async function openSlow(overrides: Partial<DeliveryWorkerOptions> = {}) {
  const inTurn = createMutex();
  const attempts: Attempt[] = [];
  const settlements: Settlement[] = [];
  let answer: (outcomes: (deliveries: StoredDelivery[]) => Outcome[]) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const answered = new Promise<(deliveries: StoredDelivery[]) => Outcome[]>((resolve, reject) => {
    answer = resolve;
    fail = reject;
  });
  const attempt: DeliveryWorkerOptions['attempt'] = async (deliveries, how) => {
    attempts.push({ ids: deliveries.map(idOf), isTrial: how?.first === true });
    return attempts.length === 1 ? (await answered)(deliveries) : delivered(deliveries);
  };
  const onSettled = (settlement: Settlement) => void settlements.push(settlement);
  const line = await open(attempt, { inTurn, onSettled, ...overrides });
  await line.write(100);
  const { bull, job } = queueKeys(line.destination);
  const [id] = await line.redis.lrange(bull('wait'), 0, -1);
  await line.redis.hincrby(job(id!), 'stc', 1);
  const worker = line.start();
  closing.push(() => {
    // What no test has answered would keep the worker from closing.
    answer(unsent);
    return worker.close();
  });
  await waitFor(() => attempts.length === 1, { what: 'the trial' });
  await inTurn(async () => {});
  expect(attempts).toHaveLength(1);
  return { ...line, attempts, settlements, answer, fail };
}

test('what a slow trial comes to is settled as it was answered, and nothing is tried again that was', async () => {
  const { answer, attempts, settlements, ...line } = await openSlow();
  answer((deliveries) =>
    deliveries.map((_, index) => {
      if (index < 40) return { outcome: 'delivered' };
      if (index < 70) return { outcome: 'duplicate' };
      return index < 90 ? refused : failed;
    }),
  );
  expect(await line.settled()).toMatchObject({
    accepted: 100,
    delivered: 50,
    duplicate: 30,
    dead: 20,
    deadByReason: { refused: 20 },
    difference: 0,
  });
  const [trial, again] = attempts;
  expect(trial).toMatchObject({ isTrial: true });
  expect(trial!.ids).toHaveLength(100);
  // What went through is not suspect any more: the rest goes beside all others.
  expect(again).toEqual({ ids: trial!.ids.slice(90), isTrial: false });
  expect(attempts).toHaveLength(2);
  await waitFor(() => settlements.length === 2, { what: 'both to be told' });
  expect(settlements).toMatchObject([
    { delivered: 40, duplicate: 30, dead: { length: 20 }, remainder: { length: 10 } },
    { delivered: 10, duplicate: 0, dead: { length: 0 }, remainder: { length: 0 } },
  ]);
  for (const { difference } of await line.audit()) expect(difference).toBe(0);
});

test('what a slow trial did not send after all is tried again, apart as before', async () => {
  const { answer, attempts, ...line } = await openSlow();
  answer(unsent);
  expect(await line.settled()).toMatchObject({ delivered: 100, dead: 0, difference: 0 });
  expect(attempts).toEqual([attempts[0], { ...attempts[0]!, isTrial: true }]);
});

test('a slow trial that ends with a bug loses nothing, and somebody is told', async () => {
  const problems: string[] = [];
  const { fail, ...line } = await openSlow({ onProblem: (code) => problems.push(code) });
  fail(new Error('bug'));
  await waitFor(async () => (await line.account()).jobs.delayed === 1, { what: 'the job to be put back' });
  expect(problems).toEqual(['job_failed']);
  expect(await line.account()).toMatchObject({ accepted: 100, inFlight: 100, difference: 0 });
});
