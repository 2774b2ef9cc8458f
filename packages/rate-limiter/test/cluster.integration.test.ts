import { afterEach, test } from '@jest/globals';
import { useCluster, waitFor } from '@meterbridge/testing';
import { expectWithinRate, type LimiterProcess, useLimiterProcesses } from './limiter-processes.js';

const startProcess = useLimiterProcesses();
const cluster = useCluster({ masters: 3, hasReplicas: true });
const RATE = 50;
let processes: LimiterProcess[] = [];
let names = 0;
afterEach(() => {
  processes = [];
});

/** Each process starts this many more jobs. */
async function goOn(count: number, what: string): Promise<void> {
  const before = processes.map(({ starts }) => starts.length);
  await waitFor(() => processes.every(({ starts }, index) => starts.length >= before[index]! + count), {
    what,
  });
}

async function startTwo() {
  const id = `cluster-${++names}`;
  const options = { id, requestsPerSecond: RATE, concurrency: 4, redisUrl: cluster.url };
  processes = [startProcess(options), startProcess(options)];
  await goOn(20, 'both at work');
  return cluster.ofKey(`b_meterbridge:{${id}}_starts`);
}

async function expectWithinTheRate(): Promise<void> {
  await goOn(50, 'both to go on');
  expectWithinRate(processes, RATE);
}

test('over a failover of the cluster as planned, all go on within the rate', async () => {
  const { replica } = await startTwo();
  await cluster.connectTo(replica!).cluster('FAILOVER');
  await expectWithinTheRate();
});

test('where the master is killed and its replica takes over, all go on within the rate', async () => {
  const { master } = await startTwo();
  await master.kill('SIGKILL');
  await expectWithinTheRate();
  await master.restart();
});
