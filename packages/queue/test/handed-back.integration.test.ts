import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Outcome } from '@meterbridge/delivery';
import { useRedis } from '@meterbridge/testing';
import { delivered, makeLines } from './pipeline-line.js';

const open = makeLines(() => suite, { batchSize: 10 });
const suite = useRedis();

const LOCK_MS = 1_000;
const ROUNDS = 20;

test('a job that comes back at once is in one hand only, however long that has it', async () => {
  const turns = new Map<string, number>();
  const problems: string[] = [];
  const line = await open(
    async (deliveries) => {
      const [{ event }] = deliveries as [(typeof deliveries)[number]];
      const turn = (turns.get(event.messageId) ?? 0) + 1;
      turns.set(event.messageId, turn);
      if (turn > ROUNDS) {
        await sleep(3 * LOCK_MS);
        return delivered(deliveries);
      }
      return deliveries.map((): Outcome => ({ outcome: 'unsent' }));
    },
    {
      lockMs: LOCK_MS,
      concurrency: 8,
      onProblem: (code) => problems.push(code),
      onRefused: ({ result }) => problems.push(result),
    },
  );
  for (let job = 0; job < 8; job += 1) await line.write(10);
  const worker = line.start();
  expect(await line.settled()).toMatchObject({ delivered: 80, difference: 0 });
  await worker.close();
  expect(problems).toEqual([]);
  expect([...turns.values()]).toEqual(Array(8).fill(ROUNDS + 1));
});
