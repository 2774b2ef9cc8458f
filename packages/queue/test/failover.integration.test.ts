import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { type SuiteRedis, useClosing, waitFor } from '@meterbridge/testing';
import { connectConsumer, createGateStore } from '../src/index.js';
import { delivered, makeLines } from './pipeline-line.js';
import { type RedisWay, useRedisWays } from './redis-way.js';
import { useReplicatedRedis } from './replicated-redis.js';

const closing = useClosing();
let way: RedisWay;
const open = makeLines(() => ({ url: way.url }) as SuiteRedis);
const openWay = useRedisWays();
const redis = useReplicatedRedis();

/** Sends ten events after another, each until it is taken; what was taken is counted. */
function startSender(write: (count: number) => Promise<unknown>) {
  let isOver = false;
  let answered = 0;
  const send = async () => {
    while (!isOver) {
      const isTaken = await write(10).then(
        () => true,
        () => false,
      );
      if (isTaken) answered += 10;
      else await sleep(50);
    }
  };
  const running = send();
  const finish = () => {
    isOver = true;
    return running;
  };
  closing.push(finish);
  return { answered: () => answered, finish };
}

async function openGate(destination: string) {
  const client = connectConsumer(way.url, () => {});
  const gate = await createGateStore(destination, client, { now: Date.now });
  closing.push(
    () => client.disconnect(),
    () => gate.close(),
  );
  return gate;
}

test.each([
  ['old connections are cut', () => way.cut()],
  ['old connections stay open to the one that is a replica now', () => {}],
])('goes on by itself after a failover where %s', async (_name, cutOrNot) => {
  way = await openWay((await redis.master()).redis.port);
  let attempted = 0;
  const line = await open(async (deliveries) => {
    attempted += deliveries.length;
    return delivered(deliveries);
  });
  const worker = line.start();
  closing.push(() => worker.close());
  const gates = [await openGate(line.destination), await openGate(line.destination)];
  const { answered, finish } = startSender(line.write);
  const goesOn = async (after: string) => {
    const [answers, attempts] = [answered(), attempted];
    await waitFor(() => answered() > answers + 500, { what: `acknowledgements after ${after}` });
    await waitFor(() => attempted > attempts + 500, { what: `deliveries after ${after}` });
  };
  await goesOn('the beginning');

  const next = await redis.failOver();
  way.leadTo(next.redis.port);
  cutOrNot();
  await goesOn('the failover');
  await next.connect().script('FLUSH');
  await goesOn('the scripts were gone');

  await gates[0]!.update((gate) => ({ ...gate, pausedUntil: 1 }));
  await waitFor(() => gates[1]!.current().pausedUntil === 1, { what: 'the gate to be seen' });
  await finish();
  await line.settled();
  const account = await line.account();
  expect(account).toMatchObject({ difference: 0, dead: 0, delivered: account.accepted });
  expect(account.accepted).toBeGreaterThanOrEqual(answered());
});
