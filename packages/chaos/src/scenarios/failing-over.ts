import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalRedis } from '@meterbridge/local-redis';
import { waitFor } from '@meterbridge/testing/wait-for';
import { addToBoth } from '../both-apis.js';
import { USUAL } from '../config.js';
import { armAny } from '../link.js';
import { ANSWERED } from '../moments.js';
import { pick, shuffle } from '../random-choice.js';
import type { Scenario, Scene } from '../scenario.js';
import { membersOf, storeOf } from '../stage.js';
import type { ClusterStore } from '../stores/cluster-store.js';
import { NOT_AT_REDIS, NOT_REDIS } from '../strikes.js';

/** A round of each, with what flows between two. */
const SECONDS = { changeover: 2.4, cluster: 6.5 };

/** At whose answer the replica takes over; of settlements there are most kinds, so they come twice. */
const ANSWERS = ['settlement', 'settlement', 'keeping', 'accept'] as const;
const WORDS = { settlement: 'a settlement', keeping: 'a look-up kept or a remainder', accept: 'an accept' };
const MOMENT_WITHIN_MS = 2_000;

export function changeover(rounds: number): Scenario {
  return {
    name: 'changeover',
    what: 'one replica has to have each event; it takes over at an answer that the old master gave alone',
    setting: { ...USUAL, store: 'pair', timeoutMs: 5_000, looksUp: true },
    seconds: rounds * SECONDS.changeover,
    kills: Math.ceil(1.2 * rounds),
    strikes: NOT_REDIS,
    async trouble(scene) {
      const { stage, random } = scene;
      const seed = Math.ceil(random() * 1e6);
      // Something has to remain in some jobs: who has lost a part of it is not done.
      addToBoth(stage.sandbox, {
        rate: 0.1,
        seed,
        match: { method: 'POST' },
        respond: { status: 500, body: '' },
      });
      let order: (typeof ANSWERS)[number][] = [];
      for (let round = 0; round < rounds; round += 1) {
        if (order.length === 0) order = shuffle([...ANSWERS], random);
        await sleep(500 + random() * 1_000);
        await changeOverAt(scene, order.pop()!);
      }
    },
  };
}

async function changeOverAt(scene: Scene, answer: (typeof ANSWERS)[number]): Promise<void> {
  const { stage, tell } = scene;
  const pair = storeOf(stage, 'pair');
  const links = membersOf(stage).map(({ redisLink }) => redisLink);
  const changeOver = () => pair.changeOver(links);
  await pair.untilInStep();
  await pair.detach();
  const detachedAt = performance.now();
  let takeBack = () => {};
  const seen = new Promise<true>((resolve) => {
    takeBack = armAny(links, { ...ANSWERED[answer], pass: 'all' }, () => {
      changeOver();
      resolve(true);
    });
  });
  const isSeen = await Promise.race([seen, sleep(MOMENT_WITHIN_MS, false)]);
  takeBack();
  if (!isSeen) changeOver();
  const afterMs = Math.round(performance.now() - detachedAt);
  scene.failovers += 1;
  tell(
    `the replica takes over ${isSeen ? `at the answer to ${WORDS[answer]}` : `at any time, for want of ${WORDS[answer]}`}, ${afterMs} ms after it was detached`,
  );
  await sleep(500);
  await pair.rejoin();
}

/** How far a replica is behind when its master dies. */
type Lag = 'cut off' | 'standing still' | 'none';
const LAGS: readonly Lag[] = ['cut off', 'cut off', 'standing still', 'none'];

export function clusterFailover(rounds: number): Scenario {
  return {
    name: 'cluster',
    what: 'masters of a Redis Cluster die while their replicas lag; the replicas take over',
    setting: { ...USUAL, store: 'cluster', timeoutMs: 5_000, looksUp: true },
    seconds: rounds * SECONDS.cluster,
    kills: 3 * rounds,
    strikes: NOT_AT_REDIS,
    async trouble(scene) {
      const { stage, random } = scene;
      const cluster = storeOf(stage, 'cluster');
      const seed = Math.ceil(random() * 1e6);
      addToBoth(stage.sandbox, {
        rate: 0.1,
        seed,
        match: { method: 'POST' },
        respond: { status: 500, body: '' },
      });
      let order: Lag[] = [];
      for (let round = 0; round < rounds; round += 1) {
        if (order.length === 0) order = shuffle([...LAGS], random);
        const lag = rounds === 1 ? 'cut off' : order.pop()!;
        await sleep(500 + random() * 1_500);
        const { master, replica } = pick(await cluster.pairs(), random);
        await killLagging(scene, cluster, { master, replica, lag, lagMs: 300 + random() * 700 });
      }
    },
  };
}

async function killLagging(
  scene: Scene,
  cluster: ClusterStore,
  { master, replica, lag, lagMs }: { master: LocalRedis; replica: LocalRedis; lag: Lag; lagMs: number },
): Promise<void> {
  const { tell } = scene;
  const catchUp = await makeLag(cluster, replica, lag);
  if (lag !== 'none') await sleep(lagMs);
  await master.kill('SIGKILL');
  scene.kills.push('Redis, a master of the cluster');
  const words =
    lag === 'none' ? 'its replica at its heels' : `its replica ${lag} for ${Math.round(lagMs)} ms`;
  tell(`the master at ${master.port} is killed, ${words}`);
  await catchUp();
  const look = cluster.connectTo(replica);
  await waitFor(async () => (await look.info('replication')).includes('role:master'), {
    what: 'the replica to take over',
  });
  scene.failovers += 1;
  tell(`the replica at ${replica.port} has taken over`);
  await sleep(500);
  await master.restart();
  await cluster.untilWhole();
}

/** @returns what ends it; what its master took meanwhile, a replica that was cut off has not */
async function makeLag(
  cluster: ClusterStore,
  replica: LocalRedis,
  lag: Lag,
): Promise<() => Promise<unknown>> {
  const look = cluster.connectTo(replica);
  switch (lag) {
    case 'none':
      return async () => {};
    case 'standing still':
      await replica.kill('SIGSTOP');
      return () => replica.kill('SIGCONT');
    case 'cut off':
      // A password that its master does not know: the connection ends, and each new one is refused.
      await look.config('SET', 'masterauth', 'wrong');
      await look.call('CLIENT', 'KILL', 'TYPE', 'master');
      return () => look.config('SET', 'masterauth', '');
  }
}
