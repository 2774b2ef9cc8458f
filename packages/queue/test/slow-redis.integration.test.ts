import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, openTcpProxy, useRedis, waitFor } from '@meterbridge/testing';
import { connectProducer, DeliveryWriter, readAccount } from '../src/index.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
const suite = useRedis();

/** A way to Redis on which the answer to the nth INFO takes `delayMs`. */
async function openSlowWay(nth: number, delayMs: number): Promise<string> {
  let infos = 0;
  const proxy = await openTcpProxy(suite.redis.port, () => {
    let late = 0;
    let answered = Promise.resolve();
    return (piece, direction, pass) => {
      if (direction === 'up') {
        if (/\binfo\b/i.test(piece.toString()) && ++infos === nth) late = delayMs;
        pass(piece);
        return;
      }
      const wait = late;
      late = 0;
      answered = answered.then(() => sleep(wait)).then(() => pass(piece));
    };
  });
  closing.push(proxy.close);
  return `redis://127.0.0.1:${proxy.port}`;
}

test('a slow first second of Redis is told, and does not make every later write fail', async () => {
  // The first INFO is the client's own, the second BullMQ's look at its Redis.
  const redis = connectProducer(await openSlowWay(2, 1_500), () => {});
  closing.push(() => redis.disconnect());
  const writer = new DeliveryWriter({ redis, destinations: ['slow'] });
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  const { aTrack } = makePayloads('slow');
  const commit = () => {
    const event = { ...aTrack(), receivedAt: '2026-08-01T00:00:00.000Z' } as unknown as SegmentEvent;
    const routes = [{ destination: 'slow', rules: ['usage'] }];
    return writer.commit([{ source: 'backend', event, timeFromReceipt: false, routes }], []);
  };
  await expect(commit()).rejects.toMatchObject({ code: 'store_unavailable' });
  await waitFor(() => commit().then(() => true), { what: 'a write to succeed' });
  expect(await readAccount('slow', suite.connect())).toMatchObject({ difference: 0 });
});
