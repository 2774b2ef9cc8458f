import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { makePayloads, type SuiteRedis, useRedis, waitFor } from '@meterbridge/testing';
import { connectProducer, DeliveryWriter, type RejectedEvent, readAccount } from '../src/index.js';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
const master = useRedis();
const replicas: [SuiteRedis, SuiteRedis] = [useRedis(), useRedis()];
const { aTrack } = makePayloads('replicas');

async function attach(count: number): Promise<void> {
  for (const [index, replica] of replicas.entries()) {
    if (index < count) await replica.connect().call('REPLICAOF', '127.0.0.1', String(master.redis.port));
    else await replica.connect().call('REPLICAOF', 'NO', 'ONE');
  }
  const redis = master.connect();
  const isReached = async () => {
    const info = await redis.info('replication');
    return info.includes(`connected_slaves:${count}\r`) && info.split('state=online').length === count + 1;
  };
  await waitFor(isReached, { what: `${count} replicas` });
  await waitFor(async () => (await redis.wait(count, 100)) >= count, { what: 'their first word' });
}

const ROUTES = [{ destination: 'lago', rules: ['usage'] }];
const anEvent = () => ({ ...aTrack(), receivedAt: '2026-08-01T00:00:00.000Z' }) as unknown as SegmentEvent;
const aRejection = (): RejectedEvent => ({
  source: 'backend',
  via: 'tracking',
  reason: 'too_large',
  detail: 'too large',
  raw: {},
  receivedAt: '2026-08-01T00:00:00.000Z',
});
const routed = (timeFromReceipt: boolean) => [
  { source: 'backend', event: anEvent(), timeFromReceipt, routes: ROUTES },
];

type Commit = (writer: DeliveryWriter) => Promise<unknown>;
const commits: [string, Commit][] = [
  ['a delivery', (writer) => writer.commit(routed(false), [])],
  ['a delivery whose time is that of its receipt', (writer) => writer.commit(routed(true), [])],
  ['a rejection', (writer) => writer.commit([], [aRejection()])],
];

let writer: DeliveryWriter;
beforeEach(async () => {
  const redis = connectProducer(master.url, () => {});
  closing.push(() => redis.disconnect());
  await waitFor(() => redis.status === 'ready', { what: 'the connection' });
  writer = new DeliveryWriter({ redis, destinations: ['lago'], replicas: 2 });
});

test.each(commits)(
  '%s that two replicas are to have is refused while there is one',
  async (_name, commit) => {
    await attach(1);
    await expect(commit(writer)).rejects.toMatchObject({ code: 'store_unavailable' });
  },
);

test.each(commits)('%s that two replicas are to have is taken once there are two', async (_name, commit) => {
  await attach(2);
  // A busy machine may be slower than a sender is let wait.
  await waitFor(() => commit(writer).then(() => true), { what: 'a commit that is taken' });
});

test('the second replica is waited for, however soon the first has it', async () => {
  await attach(2);
  const [, slow] = replicas;
  const redis = master.connect();
  // On a new connection both have to have the name of the shard first.
  await waitFor(() => writer.commit(routed(false), []).then(() => true), { what: 'a first commit' });
  const accepted = async () => (await readAccount('lago', redis)).accepted;
  const commitSlowly = async () => {
    const before = await accepted();
    await slow.redis.kill('SIGSTOP');
    try {
      const committed = writer.commit(routed(false), []);
      committed.catch(() => {});
      await waitFor(async () => (await accepted()) > before, { what: 'the write' });
      // What has a later write has this one.
      await redis.set('later', 'yes');
      expect(await redis.wait(1, 5_000)).toBe(1);
      await slow.redis.kill('SIGCONT');
      await committed;
      return true;
    } finally {
      await slow.redis.kill('SIGCONT');
    }
  };
  // Asked for one replica only, Redis answers at the first's word, each time.
  await waitFor(commitSlowly, { what: 'a commit that both have in time' });
});
