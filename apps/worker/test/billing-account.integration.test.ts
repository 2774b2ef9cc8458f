import { expect, test } from '@jest/globals';
import { lookAtGate } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { mostWithin } from '../../../packages/rate-limiter/test/limiter-processes.js';
import { watchStarts } from '../../../packages/rate-limiter/test/watch-starts.js';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import { LAGO_KEY } from '../../cli/test/stack-config.js';

/*
 * Two destinations with one URL and key are one account to the API: it knows one id once, it has one limit, and what
 * it says to one it has said to both.
 */

const suite = useRedis();
const stacks = useStack(suite);

const LIMIT = 10;

type Given = { suffix?: string; limit?: string; subscription?: string; tokensSuffix?: string };

const configOf = ({
  suffix,
  tokensSuffix,
  limit = `{ requestsPerSecond: ${LIMIT}, batchSize: 5 }`,
  subscription = 'userId',
}: Given = {}) => {
  const own = (text?: string) => (text ? `, transactionIdSuffix: "${text}"` : '');
  return `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: tokens
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    limit: ${limit}
    rules:
      - { name: tokens, code: tokens, subscription: ${subscription}${own(tokensSuffix)} }
  - name: seats
    type: lago
    url: \${LAGO_API_URL}/
    apiKey: \${LAGO_API_KEY}
    limit: ${limit}
    rules:
      - { name: seats, code: seats, subscription: ${subscription}${own(suffix)} }
`;
};

const APART = configOf({ suffix: ':seats' });

const both = (stack: Stack) => Promise.all(['tokens', 'seats'].map((name) => stack.account(name)));

async function untilDelivered(stack: Stack, count: number) {
  await waitFor(async () => (await both(stack)).every(({ delivered }) => delivered === count), {
    what: `${count} events of each to be delivered`,
  });
}

test('two rules under one id are refused before anything is sent, by receiver and worker', async () => {
  const stack = await stacks.open({ config: configOf() });
  for (const app of ['receiver', 'worker'] as const) {
    const started = stack.start(app);
    expect(await started.exited).toMatchObject({ code: 1 });
    expect(started.output()).toMatch(
      /destinations\[1\]\.rules\[0\]: rule seats of seats may take the same event as rule tokens of tokens, .*transactionIdSuffix: \\?":seats/,
    );
  }
});

test('with ids of their own Lago holds all of both, and the two together keep to one limit', async () => {
  const stack = await stacks.open({ config: APART });
  const receiver = await stack.startReady('receiver');
  const tracks = makeTracks(100, { userId: 'sub-1' });
  await sendAll(receiver.url, tracks);
  const { faults } = stack.sandbox.lago;
  // No trouble: so that requests with events are counted.
  faults.add({ times: 'always', match: { method: 'POST' }, delayMs: 1 });
  const starts = await watchStarts(suite.connect());
  await Promise.all([stack.startReady('worker'), stack.startReady('worker')]);
  await untilDelivered(stack, 100);
  for (const account of await both(stack)) {
    expect(account).toMatchObject({ accepted: 100, delivered: 100, duplicate: 0, dead: 0, difference: 0 });
  }
  const billed = stack.sandbox.lago.events().map((event) => `${event.code} ${event.transaction_id}`);
  expect(billed.toSorted()).toEqual(
    tracks.flatMap(({ messageId }) => [`tokens ${messageId}`, `seats ${messageId}:seats`]).toSorted(),
  );
  expect(faults.fired).toBeGreaterThanOrEqual(40);
  // Each has started when it was granted: what is late on its way arrives with those of the next second.
  const granted = () => ['tokens', 'seats'].flatMap(starts);
  await waitFor(() => granted().length >= faults.fired, { what: 'a start for each' });
  expect(mostWithin(granted(), 1_000)).toBeLessThanOrEqual(LIMIT);
});

test('a refused key holds both, and whoever resumes one lets both go; a hold by hand is of one', async () => {
  const stack = await stacks.open({ config: configOf({ suffix: ':seats', limit: '{}' }) });
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  stack.sandbox.lago.faults.add({
    times: 'always',
    respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
  });
  await stack.cli('hold', 'tokens', '--reason', 'wrong mapping');
  await waitFor(() => worker.process.output().includes('"reason":"wrong mapping"'), { what: 'the hold' });
  await sendAll(receiver.url, makeTracks(10));
  await waitFor(async () => (await lookAtGate('tokens', stack.redis)).hold, {
    what: 'the hold by an answer',
  });
  // Only the one that is not held by hand has asked.
  expect(await stack.redis.exists('meterbridge:{seats}:gate')).toBe(0);
  expect((await lookAtGate('tokens', stack.redis)).handHold).toMatchObject({ reason: 'wrong mapping' });
  const status = await stack.cli('status');
  expect(status.output).toMatch(/^tokens: held by .*wrong mapping/m);
  expect(status.output).toMatch(/^tokens: held since .*unauthorized/m);
  expect(status.output).toMatch(/^seats: held since .*unauthorized/m);
  expect(status.output).not.toMatch(/^seats: held by /m);
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  expect(metrics).toContain('breaker_state{destination="seats",state="held"} 1');

  stack.sandbox.lago.faults.clear();
  const resumed = await stack.cli('resume', 'seats', '--json');
  expect(JSON.parse(resumed.output)).toMatchObject({
    ended: { byHand: null, byAnswer: { code: 'unauthorized' } },
  });
  await waitFor(async () => (await stack.account('seats')).delivered === 10, { what: 'the one to go on' });
  expect(await stack.account('tokens')).toMatchObject({ delivered: 0, inFlight: 10 });
  await stack.cli('resume', 'tokens');
  await untilDelivered(stack, 10);
});

/** One that looks up, and one whose dead letters can be replayed once it is mended. */
const readingConfig = (count: string) => `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: tokens
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    limit: { readsPerSecond: 10 }
    rules:
      - { name: looked-up, code: tokens, subscription: { lookup: customer, customer: userId } }
  - name: seats
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    limit: { readsPerSecond: 10 }
    rules:
      - name: looked-up
        code: seats
        subscription: { lookup: customer, customer: [properties.team, userId] }
        properties: { count: ${count} }
        transactionIdSuffix: ":seats"
      - name: named
        when: event = "Named"
        code: named
        subscription: userId
        properties: { count: ${count} }
        transactionIdSuffix: ":named"
`;

test('reads of both, and of whoever plans a replay, come out of one budget', async () => {
  const knownSubscriptions = ['user', 'team'].flatMap((kind) =>
    Array.from({ length: 10 }, (_, index) => ({
      external_id: `sub-of-${kind}-${index}`,
      external_customer_id: `${kind}-${index}`,
    })),
  );
  const stack = await stacks.open({
    config: readingConfig('{ path: properties.count, as: number }'),
    sandbox: { lago: { apiKey: LAGO_KEY, store: 'postgres', knownSubscriptions } },
  });
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(20, { userId: 'user-0', event: 'Named', properties: {} }));
  await waitFor(async () => (await stack.account('seats')).dead === 40, { what: 'the dead letters' });
  worker.process.signal('SIGTERM');
  await worker.process.exited;

  await stack.writeConfig(readingConfig('{ path: properties.count, as: number, default: 0 }'));
  const of = (index: number) => ({
    userId: `user-${index}`,
    properties: { team: `team-${index}`, count: 1 },
  });
  await sendAll(
    receiver.url,
    Array.from({ length: 10 }, (_, index) => makeTracks(1, of(index))[0]!),
  );
  const starts = await watchStarts(suite.connect());
  const plans = ['--destination', 'seats', '--rule', 'named', '--check-all', '--dry-run'];
  const [mended, plan] = await Promise.all([
    stack.startReady('worker'),
    stack.cli('dead-letters', 'replay', ...plans),
  ]);
  expect(plan.code).toBe(0);
  // The order of their last reads is not promised.
  await waitFor(async () => (await both(stack)).every(({ inFlight }) => inFlight === 0), {
    what: 'what was looked up',
  });
  expect((await both(stack)).map(({ delivered }) => delivered)).toEqual([30, 10]);
  const { byStatus } = stack.sandbox.lago.inspect();
  const looked = [worker, mended].map(
    ({ process }) => process.output().split('"subscription.read"').length - 1,
  );
  // Each customer once for both destinations, and each event once for the plan.
  expect(looked[0]! + looked[1]!).toBe(20);
  expect(byStatus[404]).toBe(20);
  const granted = () => ['tokens:reads', 'seats:reads'].flatMap(starts);
  await waitFor(() => granted().length >= 40, { what: 'a start for each' });
  expect(mostWithin(granted(), 1_000)).toBeLessThanOrEqual(LIMIT);
});

test('who gives another id to a rule that has delivered is told, by the worker and by check', async () => {
  const stack = await stacks.open({ config: APART });
  const receiver = await stack.startReady('receiver');
  const first = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(5));
  await untilDelivered(stack, 5);
  expect(first.process.output()).not.toContain('rules.id_changed');
  first.process.signal('SIGTERM');
  await first.process.exited;

  await stack.writeConfig(configOf({ suffix: ':other' }));
  const next = await stack.startReady('worker');
  expect(next.process.output()).toMatch(
    /"destination":"seats","rules":\["seats"\],.*double bill.*"rules.id_changed"/,
  );
  expect(next.process.output()).not.toMatch(/"destination":"tokens","rules"/);
  expect((await stack.cli('check')).output).toMatch(
    /^! seats, rule seats: makes another transaction_id than it did, and has delivered: .*double bill$/m,
  );
});

test('check knows which of two rules under one id has delivered, and gives the suffix to the other', async () => {
  const alone = configOf().replace(/ {2}- name: tokens[\s\S]*(?= {2}- name: seats)/, '');
  const stack = await stacks.open({ config: alone });
  const [receiver] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  await sendAll(receiver.url, makeTracks(5));
  await waitFor(async () => (await stack.account('seats')).delivered === 5, {
    what: 'the events of the one',
  });

  await stack.writeConfig(configOf());
  expect((await stack.cli('check')).output).toMatch(
    /^✗ tokens, rule tokens: may take the same event as rule seats of seats, .*transactionIdSuffix: ":tokens" here.* The other one may have delivered already, this one has not$/m,
  );
  await stack.writeConfig(configOf({ tokensSuffix: ':tokens' }));
  const mended = await stack.cli('check');
  expect(mended.output).not.toMatch(/rule tokens: may take|double bill/);
});
