import { expect, test } from '@jest/globals';
import { connectProducer, DeliveryWriter, RECEIVER, type RejectedEvent } from '@meterbridge/queue';
import { useCluster, waitFor } from '@meterbridge/testing';
import { makeTracks } from './retrying-client.js';
import { useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const cluster = useCluster({ masters: 3, hasReplicas: true });
const stacks = useStack(cluster);

const serversOf = (name: string) => cluster.ofKey(`meterbridge:{${name}}:ledger`);

/** Its first shard has another master than the receiver's dead letters, and than the record of a replay. */
const ELSEWHERE = 'lago-paris';

test('of two masters, the one that was given the deliveries fails over and lags: the letters stay until it has them', async () => {
  const stack = await stacks.open({
    config: `${CONFIG.replace('- name: lago', `- name: ${ELSEWHERE}`)}\nredis: { replicas: 1 }\n`,
  });
  const writing = connectProducer(cluster.url, () => {});
  await waitFor(() => writing.status === 'ready', { what: 'the connection' });
  const writer = new DeliveryWriter({ redis: writing, destinations: [], replicas: 1 });
  const rejected = makeTracks(50).map((raw): RejectedEvent => {
    const receivedAt = new Date().toISOString();
    return { source: 'backend', via: 'tracking', reason: 'too_old', detail: 'too old', raw, receivedAt };
  });
  await writer.commit([], rejected);
  writing.disconnect();
  const { master, replica } = await serversOf(ELSEWHERE);
  expect((await serversOf(RECEIVER)).master).not.toBe(master);
  for (const name of [ELSEWHERE, 'hyperline']) {
    expect(await stack.cli('hold', name, '--reason', 'a test')).toMatchObject({ code: 0 });
  }
  // It may end before there is a worker: the replay does not.
  const beginning = stack.start('cli', ['dead-letters', 'replay', '--all', '--yes', '--no-wait']);
  await waitFor(() => beginning.output().includes('Replay 1.'), { what: 'the replay to be written down' });
  const isDone = async () =>
    (await stack.cli('replays', 'show', '1', '--json')).output.includes('"state": "done"');
  // It lags: what its master takes from now on, it has never seen.
  await replica!.kill('SIGSTOP');
  await cluster.connectTo(master).call('CLIENT', 'KILL', 'TYPE', 'replica');
  const worker = await stack.startReady('worker');
  await waitFor(async () => (await stack.account(ELSEWHERE)).accepted === 50, { what: 'the step' });
  await waitFor(() => worker.process.output().includes('replay.waits'), { what: 'the word of it' });
  await master.kill('SIGKILL');
  await replica!.kill('SIGCONT');
  await waitFor(async () => (await serversOf(ELSEWHERE)).master === replica, {
    what: 'the failover',
  });
  await master.restart();
  await waitFor(isDone, { what: 'the end of the replay' });
  expect(await stack.account(RECEIVER)).toMatchObject({ accepted: 0, dead: 0, difference: 0 });
  for (const name of [ELSEWHERE, 'hyperline']) {
    expect([name, await stack.account(name)]).toMatchObject([
      name,
      { accepted: 50, inFlight: 50, difference: 0 },
    ]);
  }
});
