import { expect, test } from '@jest/globals';
import { type DeadLetter, type Outcome, reviveDeadLetter } from '@meterbridge/delivery';
import { type SuiteRedis, useRedis } from '@meterbridge/testing';
import { connectConsumer, type DeadLetterEntry, readDeadLetters, ShardReplay } from '../src/index.js';
import { makeLines } from './pipeline-line.js';
import { useRedisWays } from './redis-way.js';

const open = makeLines(() => suite as SuiteRedis);
const openWay = useRedisWays();
const suite = useRedis();
const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };

test('a step whose answer was lost, and that is sent again, takes nothing back', async () => {
  const line = await open(async (deliveries) => deliveries.map(() => refused));
  await line.write(3);
  const worker = line.start();
  await line.settled();
  await worker.close();
  const letters: DeadLetterEntry<DeadLetter>[] = [];
  for await (const entry of readDeadLetters<DeadLetter>(line.destination, line.redis)) letters.push(entry);

  const way = await openWay(suite.redis.port);
  const redis = connectConsumer(way.url, () => {});
  const lane = new ShardReplay(line.destination, 'resent', redis);
  try {
    // Opens its queue.
    await lane.apply({ deliveries: [], taken: [letters[0]!], from: '', through: '1-0' });
    await lane.apply({
      deliveries: [revived(letters[1]!)],
      taken: [letters[1]!],
      from: '1-0',
      through: '2-0',
    });
    way.swallowAnswers();
    await lane.apply({
      deliveries: [revived(letters[2]!)],
      taken: [letters[2]!],
      from: '2-0',
      through: '3-0',
    });
  } finally {
    await lane.close();
    redis.disconnect();
  }
  expect(await line.account()).toMatchObject({ dead: 0, inFlight: 2, difference: 0 });
});

function revived({ letter, at }: DeadLetterEntry<DeadLetter>) {
  return reviveDeadLetter(letter, at);
}
