import { afterAll } from '@jest/globals';
import { DEFAULT_RETRY_POLICY, type Outcome, type StoredDelivery } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, type SuiteRedis, waitFor } from '@meterbridge/testing';
import type { Redis } from 'ioredis';
import {
  connectConsumer,
  connectProducer,
  createMutex,
  DeliveryWorker,
  type DeliveryWorkerOptions,
  DeliveryWriter,
  readAccount,
  readAudit,
  type WriterOptions,
} from '../src/index.js';

const { aTrack } = makePayloads('queue');
export const anEvent = (): SegmentEvent =>
  ({ ...aTrack(), receivedAt: '2026-08-01T00:00:00.000Z' }) as unknown as SegmentEvent;
const policy = { ...DEFAULT_RETRY_POLICY, baseMs: 1, maxMs: 5 };
export const delivered = (deliveries: StoredDelivery[]): Outcome[] =>
  deliveries.map(() => ({ outcome: 'delivered' }));

let names = 0;

/**
 * Destinations of their own for each test, from the writer to the worker: what one leaves does not count in
 * another. Call before `useRedis`' own hooks: clients leave before their Redis does.
 * @param connect of the writer: `connectConsumer` where it is not about a producer, which waits for no busy machine
 */
export function makeLines(
  suite: () => SuiteRedis,
  usual: Partial<WriterOptions> = {},
  connect: (url: string, onError: () => void) => Redis = connectProducer,
) {
  const opened: { disconnect(): void }[] = [];
  const keep = <Client extends { disconnect(): void }>(client: Client): Client => {
    opened.push(client);
    return client;
  };
  afterAll(() => {
    for (const client of opened) client.disconnect();
  });

  return async function open(
    attempt: DeliveryWorkerOptions['attempt'] = async (deliveries) => delivered(deliveries),
    overrides: Partial<DeliveryWorkerOptions> = {},
    writing: Partial<WriterOptions> = {},
  ) {
    const destination = `dest-${++names}`;
    const redis = keep(connectConsumer(suite().url, () => {}));
    const producer = keep(connect(suite().url, () => {}));
    await waitFor(() => producer.status === 'ready', { what: 'the connection' });
    const writer = new DeliveryWriter({ redis: producer, destinations: [destination], ...usual, ...writing });
    const start = (more: Partial<DeliveryWorkerOptions> = {}) =>
      DeliveryWorker.start({
        destination,
        redis: keep(connectConsumer(suite().url, () => {})),
        concurrency: 4,
        deliveries: 1_000,
        policy,
        attempt,
        whenOpen: async () => () => {},
        inTurn: createMutex(),
        ...overrides,
        ...more,
      });
    const write = (count: number, rules = ['usage'], source = 'backend') =>
      writer.commit(
        Array.from({ length: count }, () => ({
          source,
          event: anEvent(),
          timeFromReceipt: false,
          routes: [{ destination, rules }],
        })),
        [],
      );
    const account = () => readAccount(destination, redis);
    const audit = () => readAudit(destination, redis);
    const settled = () =>
      waitFor(
        async () => {
          const now = await account();
          return now.accepted > 0 && now.inFlight === 0 ? now : undefined;
        },
        { what: 'everything to be settled' },
      );
    return { destination, redis, producer, writer, start, write, account, audit, settled };
  };
}
