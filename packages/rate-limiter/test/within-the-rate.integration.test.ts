import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expectWithinRate, type LimiterProcess, useLimiterProcesses } from './limiter-processes.js';

const suite = useRedis();
const RATE = 100;
let processes: LimiterProcess[];
let keys: string;
let names = 0;

/** Three processes of one account, each with eight jobs that wait at any time. */
async function startThree(startProcess: ReturnType<typeof useLimiterProcesses>): Promise<void> {
  const id = `${suite.prefix}-${++names}`;
  keys = `b_meterbridge:{${id}}_`;
  const options = { id, requestsPerSecond: RATE, concurrency: 8, redisUrl: suite.url };
  processes = [1, 2, 3].map(() => startProcess(options));
  await goOn(processes, 'all at work');
}

/** Within a few seconds each process starts twenty more jobs: nobody hangs. */
async function goOn(who: LimiterProcess[], what: string): Promise<void> {
  const before = who.map(({ starts }) => starts.length);
  await waitFor(() => who.every(({ starts }, index) => starts.length >= before[index]! + 20), { what });
}

/** All there are go on for a second at least. */
async function goOnForASecond(who: LimiterProcess[]): Promise<void> {
  const count = () => who.reduce((sum, { starts }) => sum + starts.length, 0);
  const before = count();
  await waitFor(() => count() >= before + RATE, { what: "a second's starts" });
}

const expectRateKept = () => expectWithinRate(processes, RATE);

const troubles: [string, () => Promise<unknown>][] = [
  ['Redis was flushed', () => suite.connect().flushall()],
  [
    "the limiter's keys were deleted",
    async () => suite.connect().del(...(await suite.connect().keys(`${keys}*`))),
  ],
  ['only the latest starts were deleted', () => suite.connect().del(`${keys}starts`)],
  ['Redis has forgotten its scripts', () => suite.connect().script('FLUSH')],
  [
    'Redis was killed and restarted on its data',
    async () => {
      await suite.redis.kill('SIGKILL');
      await suite.redis.restart();
    },
  ],
  [
    'Redis stood still for two seconds',
    async () => {
      await suite.redis.kill('SIGSTOP');
      await sleep(2_000);
      await suite.redis.kill('SIGCONT');
    },
  ],
];

describe('whatever happens to Redis', () => {
  const startProcess = useLimiterProcesses(afterAll);
  beforeAll(() => startThree(startProcess));

  test.each(troubles)('after %s, all go on', async (_name, trouble) => {
    await trouble();
    await goOn(processes, 'all to go on');
    await trouble();
    await goOn(processes, 'all to go on again');
    expectRateKept();
  });
});

describe('whatever happens to processes', () => {
  const startProcess = useLimiterProcesses();
  beforeEach(() => startThree(startProcess));

  test('a process that was frozen until Redis had forgotten it goes on, and the others all the time', async () => {
    const [frozen, ...others] = processes as [LimiterProcess, ...LimiterProcess[]];
    frozen.signal('SIGSTOP');
    await goOn(others, 'the others to go on');
    // What Redis does itself to a client that was silent for a minute.
    const client = suite.connect();
    const [forgotten] = await client.zrange(`${keys}client_last_seen`, '0', '0');
    for (const key of ['client_last_seen', 'client_running', 'client_last_registered']) {
      await client.zrem(`${keys}${key}`, forgotten!);
    }
    await client.hdel(`${keys}client_num_queued`, forgotten!);
    await goOn(others, 'the others to go on');
    frozen.signal('SIGCONT');
    await goOn(processes, 'all to go on');
    expectRateKept();
    expect(frozen.problems).toEqual(['slots_lost']);
  });

  test('a process that was frozen while Redis answered uses nothing of what it was granted then', async () => {
    const [frozen, ...others] = processes as [LimiterProcess, ...LimiterProcess[]];
    await suite.redis.kill('SIGSTOP');
    try {
      await waitFor(() => frozen.isAsking(), { what: 'it to ask for a start' });
      frozen.signal('SIGSTOP');
    } finally {
      await suite.redis.kill('SIGCONT');
    }
    await goOnForASecond(others);
    frozen.signal('SIGCONT');
    await goOn(processes, 'all to go on');
    expectRateKept();
  });

  test('processes that die with jobs waiting leave the rate to the one that remains', async () => {
    const [first, ...dying] = processes as [LimiterProcess, ...LimiterProcess[]];
    for (const process of dying) process.signal('SIGKILL');
    await goOn([first], 'the first to go on');
    await goOnForASecond([first]);
    expectRateKept();
  });
});
