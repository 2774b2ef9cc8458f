import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { lookAtGate, readDeadLetters } from '@meterbridge/queue';
import { openTcpProxy, useClosing, useRedis, waitFor } from '@meterbridge/testing';
import { mostWithin } from '../../../packages/rate-limiter/test/limiter-processes.js';
import { watchStarts } from '../../../packages/rate-limiter/test/watch-starts.js';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { type Stack, type StackOptions, useStack } from '../../cli/test/run-stack.js';
import { LAGO_KEY } from '../../cli/test/stack-config.js';
import { isHeld, probeNow } from './held-destination.js';
import { untilSettled } from './until-settled.js';

const suite = useRedis();
const stacks = useStack(suite);
const closing = useClosing();

type Lago = NonNullable<NonNullable<StackOptions['sandbox']>['lago']>;
type Subscription = Exclude<NonNullable<Lago['knownSubscriptions']>[number], string>;

const PATH = '/api/v1/subscriptions';
const READS = 'lago:reads';

/** Two kinds of events: whose subscription is looked up, and who name theirs. */
const CONFIG = `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    timeoutMs: 5000
    limit: { requestsPerSecond: 200, readsPerSecond: 20, concurrency: 4 }
    rules:
      - name: calls
        when: event = "API Call"
        code: api_call
        subscription: { lookup: customer, customer: [context.groupId, userId] }
      - { name: logins, when: event = "Login", code: login, subscription: { value: sub-named } }
`;

/** Each of the customers in turn. */
function tracksOf(customers: readonly string[], count: number): Track[] {
  const tracks = makeTracks(count);
  return tracks.map((track, index) => ({
    ...track,
    context: { groupId: customers[index % customers.length] },
  }));
}

const subscriptionOf = (customer: string, over: Partial<Subscription> = {}): Subscription => ({
  external_id: `sub-of-${customer}`,
  external_customer_id: customer,
  ...over,
});

async function open(subscriptions: Subscription[]) {
  const stack = await stacks.open({
    config: CONFIG,
    sandbox: {
      lago: { apiKey: LAGO_KEY, store: 'clickhouse', knownSubscriptions: subscriptions },
    },
  });
  return { stack, receiver: await stack.startReady('receiver') };
}

/** Who is billed for what, as Lago has it: one line an event in effect. */
function billed(stack: Stack): string[] {
  return stack.sandbox.lago
    .events()
    .map((event) => `${event.external_subscription_id} ${event.transaction_id}`)
    .toSorted();
}

const expected = (tracks: readonly Track[]) =>
  tracks
    .map(({ messageId, context }) => `sub-of-${(context as { groupId: string }).groupId} ${messageId}`)
    .toSorted();

async function deadLetters(stack: Stack): Promise<DeadLetter[]> {
  const all: DeadLetter[] = [];
  for await (const { letter } of readDeadLetters<DeadLetter>('lago', stack.redis)) all.push(letter);
  return all;
}

test('1,000 events of 50 customers: at most 50 reads, within their limit, and each event under its own', async () => {
  const customers = Array.from({ length: 50 }, (_, index) => `acct-${index}`);
  const { stack, receiver } = await open(customers.map((customer) => subscriptionOf(customer)));
  const starts = await watchStarts(suite.connect());
  const tracks = tracksOf(customers, 1_000);
  await sendAll(receiver.url, tracks);
  const first = await stack.startReady('worker');
  expect(await untilSettled(stack, 1_000)).toMatchObject({ delivered: 1_000, dead: 0, difference: 0 });
  expect(billed(stack)).toEqual(expected(tracks));
  // What is known is not read again, by whichever worker.
  const second = await stack.startReady('worker');
  const more = tracksOf(customers, 200);
  await sendAll(receiver.url, more);
  await untilSettled(stack, 1_200);
  expect(billed(stack)).toEqual(expected([...tracks, ...more]));

  const { requests } = stack.sandbox.lago.inspect();
  const logged = (msg: string) =>
    [first, second].reduce(
      (sum, { process }) => sum + process.output().split(`"msg":"${msg}"`).length - 1,
      0,
    );
  // The last lines of a log may be on their way yet.
  const lines = () => ['subscription.read', 'delivery.attempted', 'destination.events_store'].map(logged);
  await waitFor(() => lines().reduce((sum, each) => sum + each) === requests, {
    what: 'a line of the log for each request',
  });
  expect(logged('subscription.read')).toBe(50);
  await waitFor(() => starts(READS).length >= 50, { what: 'a start for each' });
  expect(mostWithin(starts(READS), 1_000)).toBeLessThanOrEqual(20);
});

test('a crash between send and settle: under the same subscription again, though the customer has another now', async () => {
  const subscriptions = [subscriptionOf('acct')];
  const { stack, receiver } = await open(subscriptions);
  const tracks = tracksOf(['acct'], 100);
  await sendAll(receiver.url, tracks);
  // Stored, and nobody is told.
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { method: 'POST' },
    afterStoring: true,
    hang: true,
  });
  const first = await stack.startReady('worker');
  await waitFor(() => stack.sandbox.lago.ledger.size === 100, { what: 'the events to be stored' });
  first.process.signal('SIGKILL');
  await first.process.exited;
  expect(await stack.account()).toMatchObject({ inFlight: 100, delivered: 0 });

  stack.sandbox.lago.faults.clear();
  // As if it had always been so, and nothing of before were known any more.
  subscriptions.splice(0, 1, subscriptionOf('acct', { external_id: 'another' }));
  for (const key of await stack.redis.keys('*:subscriptions:*')) await stack.redis.del(key);
  await expireLocks(stack.redis);
  const later = tracksOf(['acct'], 10);
  await stack.startReady('worker');
  expect(await untilSettled(stack, 100)).toMatchObject({ delivered: 100, dead: 0, difference: 0 });
  expect(billed(stack)).toEqual(expected(tracks));
  const { replaced, billedTwice } = stack.sandbox.lago.inspect().events;
  expect(replaced).toBeGreaterThanOrEqual(100);
  expect(billedTwice).toBe(0);

  await sendAll(receiver.url, later);
  await untilSettled(stack, 110);
  expect(billed(stack).filter((line) => line.startsWith('another '))).toHaveLength(10);
});

test('none and several are dead letters that say so, and a replay works once there is one', async () => {
  const subscriptions = [
    subscriptionOf('two'),
    subscriptionOf('two', { external_id: 'second' }),
    subscriptionOf('good'),
  ];
  const { stack, receiver } = await open(subscriptions);
  const tracks = tracksOf(['none', 'two', 'good'], 30);
  await sendAll(receiver.url, tracks);
  const worker = await stack.startReady('worker');
  expect(await untilSettled(stack, 30)).toMatchObject({
    delivered: 10,
    dead: 20,
    deadByReason: { no_subscription: 10, several_subscriptions: 10 },
    difference: 0,
  });
  const died = await deadLetters(stack);
  expect(new Set(died.map(({ tries }) => tries.lastDetail))).toEqual(
    new Set([expect.stringContaining('assign one'), expect.stringContaining('which one, by "prefer"')]),
  );
  expect(died.some(({ resolved }) => resolved !== undefined)).toBe(false);

  subscriptions.splice(1, 1, subscriptionOf('none'));
  // What was read is forgotten by a worker that begins with nothing, and else after ten seconds.
  worker.process.signal('SIGTERM');
  await worker.process.exited;
  for (const key of await stack.redis.keys('*:subscriptions:*')) await stack.redis.del(key);
  await stack.startReady('worker');
  expect((await stack.cli('dead-letters', 'replay', '--all', '--yes', '--wait')).code).toBe(0);
  expect(await untilSettled(stack, 30)).toMatchObject({ delivered: 30, dead: 0, difference: 0 });
  expect(billed(stack)).toEqual(expected(tracks));
});

test("one customer's read that hangs keeps back nobody else's events", async () => {
  const customers = ['a', 'b', 'c', 'd', 'e'];
  const { stack, receiver } = await open(customers.map((customer) => subscriptionOf(customer)));
  stack.sandbox.lago.faults.add({ match: { path: PATH }, hang: true });
  // However busy the machine, nobody gives the read up before the test has it cut.
  await stack.writeConfig(CONFIG.replace('timeoutMs: 5000', 'timeoutMs: 100000'));
  const way = await openTcpProxy(Number(new URL(stack.sandbox.lago.url).port));
  closing.push(() => way.close());
  stack.env.LAGO_API_URL = stack.sandbox.lago.url.replace(/:\d+/, `:${way.port}`);
  const tracks = tracksOf(customers, 100);
  await sendAll(receiver.url, tracks);
  await stack.startReady('worker');
  await waitFor(() => stack.sandbox.lago.ledger.size === 80, { what: 'the events of the others' });
  expect(stack.sandbox.lago.inspect().byStatus.none).toBeUndefined();
  way.cut();
  expect(await untilSettled(stack, 100)).toMatchObject({ delivered: 100, dead: 0, difference: 0 });
  expect(billed(stack)).toEqual(expected(tracks));
});

test('reads that are refused hold what needs them, and nothing else; nothing is dead', async () => {
  const { stack, receiver } = await open([subscriptionOf('acct'), { external_id: 'sub-named' }]);
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: PATH },
    respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
  });
  const tracks = tracksOf(['acct'], 50);
  await sendAll(receiver.url, tracks);
  const worker = await stack.startReady('worker');
  await waitFor(() => isHeld(stack, READS), { what: 'the hold of reads' });
  const logins = makeTracks(50, { event: 'Login' });
  await sendAll(receiver.url, logins);
  await waitFor(() => stack.sandbox.lago.ledger.size === 50, { what: 'the events that need no read' });
  expect(await isHeld(stack, 'lago')).toBe(false);
  expect(await (await fetch(`${worker.url}/metrics`)).text()).toContain(
    'meterbridge_breaker_state{destination="lago",state="held"} 1',
  );
  await waitFor(async () => (await stack.account()).delivered === 50, { what: 'their settlement' });
  expect(await stack.account()).toMatchObject({ dead: 0, inFlight: 50 });

  expect((await stack.cli('status')).output).toContain('lago: lookups are held since');
  const since = async () => (await lookAtGate(READS, stack.redis)).hold?.since ?? 0;
  const first = await since();
  const resumed = await stack.cli('resume', 'lago');
  expect(resumed).toMatchObject({ code: 0, output: expect.stringContaining('reading subscriptions') });
  await waitFor(async () => (await since()) > first, { what: 'lookups to be refused again' });

  stack.sandbox.lago.faults.clear();
  await probeNow(stack, READS);
  expect(await untilSettled(stack, 100)).toMatchObject({ delivered: 100, dead: 0, difference: 0 });
  expect(billed(stack).filter((line) => line.startsWith('sub-of-acct '))).toHaveLength(50);
});

test('a worker whose reads are held drains at once, and hands everything back', async () => {
  const { stack, receiver } = await open([subscriptionOf('acct')]);
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: PATH },
    respond: { status: 403, body: { status: 403, error: 'Forbidden', code: 'read_action_not_allowed' } },
  });
  await sendAll(receiver.url, tracksOf(['acct'], 50));
  const worker = await stack.startReady('worker');
  await waitFor(
    async () => (await stack.redis.get(`meterbridge:{${READS}}:gate`))?.includes('forbidden') ?? false,
    { what: 'the hold of reads' },
  );
  worker.process.signal('SIGTERM');
  expect(await worker.process.exited).toEqual({ code: 0, signal: null });
  expect(await stack.account()).toMatchObject({ inFlight: 50, dead: 0, jobs: { active: 0 } });
});
