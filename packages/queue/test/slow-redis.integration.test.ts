import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, useRedis, waitFor } from '@meterbridge/testing';
import { connectProducer, DeliveryWriter, readAccount } from '../src/index.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
const suite = useRedis();

/** A way to Redis on which the answer to the nth INFO takes `delayMs`. */
async function openSlowWay(nth: number, delayMs: number): Promise<string> {
  let infos = 0;
  const proxy = createServer((client) => {
    const server = connect(Number(new URL(suite.url).port), '127.0.0.1');
    let late = 0;
    let answered = Promise.resolve();
    client.on('data', (bytes) => {
      if (/\binfo\b/i.test(bytes.toString()) && ++infos === nth) late = delayMs;
      server.write(bytes);
    });
    server.on('data', (bytes) => {
      const wait = late;
      late = 0;
      answered = answered.then(() => sleep(wait)).then(() => void client.write(bytes));
    });
    for (const socket of [client, server]) {
      socket.on('error', () => {});
      socket.on('close', () => [client, server].forEach((each) => void each.destroy()));
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => proxy.close(resolve)));
  return `redis://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
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
