import { expect, test } from '@jest/globals';
import { useCluster, waitFor } from '@meterbridge/testing';
import { useStackUnderLoad } from './stack-under-load.js';

const cluster = useCluster({ masters: 3, hasReplicas: true });
const open = useStackUnderLoad(cluster);

/** A key of the first shard: there lie the gate and the limiter, too. */
const FIRST = 'meterbridge:{lago}:ledger';

test('a replica of the cluster takes over as planned: everybody goes on, nothing is lost', async () => {
  const { more, expectNothingLost } = await open('{ shards: 4 }');
  const { replica } = await cluster.ofKey(FIRST);
  await cluster.connectTo(replica!).cluster('FAILOVER');
  await waitFor(async () => (await cluster.ofKey(FIRST)).master === replica, { what: 'the failover' });
  await more(300, 'answers after the failover');
  await expectNothingLost();
});

test('a master of the cluster is killed: its replica takes over, and nothing is lost that a replica had to have', async () => {
  const { stack, more, expectNothingLost } = await open('{ shards: 4, replicas: 1 }');
  const { master, replica } = await cluster.ofKey(FIRST);
  await master.kill('SIGKILL');
  await waitFor(async () => (await cluster.ofKey(FIRST)).master === replica, { what: 'the failover' });
  const check = await stack.cli('check');
  expect(check).toMatchObject({ code: 1 });
  expect(check.output).toContain('a master has fewer than `redis.replicas` (1)');
  // It comes back as a replica: until then its shards answer nothing, and the others take their turns.
  await master.restart();
  await more(300, 'answers after the failover');
  await expectNothingLost();
});
