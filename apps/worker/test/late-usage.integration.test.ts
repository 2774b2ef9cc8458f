import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { readDeadLetters } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { writeArchive } from '../../../packages/operations/test/archive.js';
import { makeTracks, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { type Stack, type StackOptions, useStack } from '../../cli/test/run-stack.js';
import type { RunningProcess } from '../../cli/test/running-process.js';
import { LAGO_KEY } from '../../cli/test/stack-config.js';
import { untilSettled } from './until-settled.js';

const suite = useRedis();
const stacks = useStack(suite);

type SegmentEvent = DeadLetter['event'];
type Lago = NonNullable<NonNullable<StackOptions['sandbox']>['lago']>;
type LagoSubscription = Exclude<NonNullable<Lago['knownSubscriptions']>[number], string>;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const METRICS: NonNullable<Lago['metrics']> = {
  tokens: { aggregation: 'sum_agg', field: 'tokens' },
  kept: { aggregation: 'sum_agg', field: 'tokens', recurring: true },
};
const LONG_AGO = new Date(Date.now() - 200 * DAY_MS).toISOString();

const subscriptionOf = (customer: string, over: Partial<LagoSubscription> = {}): LagoSubscription => ({
  external_id: `sub-of-${customer}`,
  external_customer_id: customer,
  plan_code: 'small',
  started_at: LONG_AGO,
  ...over,
});

type Changes = { lateEvents?: string; code?: string; alsoNamed?: boolean };

/** @param changes with `alsoNamed`, calls of another name are of the subscription that they name themselves */
const configOf = (
  subscription: string,
  { lateEvents = 'send', code = 'tokens', alsoNamed = false }: Changes = {},
) => `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
receiver: { maxEventAgeDays: 365 }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    lateEvents: ${lateEvents}
    limit: { requestsPerSecond: 200, readsPerSecond: 40, concurrency: 4 }
    rules:
      - name: tokens
        when: event = "API Call"
        code: ${code}
        subscription: ${subscription}
        properties: { tokens: { path: properties.tokens, as: number } }
${alsoNamed ? NAMED_RULE : ''}`;

const NAMED_RULE = `
      - name: named
        when: event = "Named Call"
        code: tokens
        subscription: { path: properties.subscription }
        properties: { tokens: { path: properties.tokens, as: number } }
`;

const LOOKED_UP = '{ lookup: customer, customer: userId }';
const NAMED = '{ path: properties.subscription }';

async function open(config: string, subscriptions: LagoSubscription[]) {
  const stack = await stacks.open({
    config,
    sandbox: {
      lago: { apiKey: LAGO_KEY, store: 'postgres', knownSubscriptions: subscriptions, metrics: METRICS },
    },
  });
  return { stack, receiver: await stack.startReady('receiver') };
}

/** Of one customer, each of so many tokens, at a time so many milliseconds ago. */
function tracksOf(customer: string, count: number, agoMs: number, tokens = 2): Track[] {
  return makeTracks(count, {
    userId: customer,
    timestamp: new Date(Date.now() - agoMs).toISOString(),
    properties: { tokens, subscription: `sub-of-${customer}` },
  });
}

function billed({ sandbox }: Stack): string[] {
  sandbox.lago.closePeriods();
  return sandbox.lago
    .invoices()
    .flatMap(({ external_subscription_id: id, fees }) => fees.map(({ units }) => `${id} ${units}`));
}

async function metricsOf(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

const MONTH_AGO_MS = 40 * DAY_MS;
/** A period that is closed by hand ends with a whole second. */
const NOW_MS = 2_000;
/** Old enough to be asked for. */
const OLD_MS = HOUR_MS + 60_000;
/** In the first hours of a month what is old is of the month before, and late for that alone. */
const isOldOfThisMonth = new Date().toISOString().slice(8, 13) >= '01T02';
const monthOf = (agoMs: number) => new Date(Date.now() - agoMs).toISOString().slice(0, 7);

/** The same events of a customer who is looked up, and of one whose subscription is named. */
const ofBoth = (count: number, agoMs: number): Track[] => [
  ...tracksOf('looked-up', count, agoMs),
  ...tracksOf('named', count, agoMs).map((track) => ({ ...track, event: 'Named Call' })),
];
const BOTH = [subscriptionOf('looked-up'), subscriptionOf('named')];

test('usage of a billed month is delivered, counted as late and listed by owner', async () => {
  const { stack, receiver } = await open(configOf(LOOKED_UP, { alsoNamed: true }), [
    ...BOTH,
    subscriptionOf('other'),
  ]);
  const worker = await stack.startReady('worker');
  const events = [...ofBoth(10, MONTH_AGO_MS), ...ofBoth(3, NOW_MS), ...tracksOf('other', 2, NOW_MS)];
  await sendAll(receiver.url, events);
  expect(await untilSettled(stack, 28)).toMatchObject({ delivered: 28, late: 20, dead: 0, difference: 0 });
  expect(stack.sandbox.lago.inspect().late).toBe(20);
  const month = monthOf(MONTH_AGO_MS);
  const { output } = await stack.cli('status');
  expect(output).toContain('lago: 20 of the delivered came too late for a bill');
  expect(output).toContain(`${month} looked-up, tokens: 10, 20 units`);
  expect(output).toContain(`${month} sub-of-named, tokens: 10, 20 units`);
  expect(await metricsOf(worker.url)).toContain(
    'meterbridge_deliveries_late_total{destination="lago",fate="late_for_its_period"} 20',
  );
  expect((await stack.cli('audit')).output).toContain('20 of the delivered came too late for a bill');
  expect(billed(stack).toSorted()).toEqual(['sub-of-looked-up 6', 'sub-of-named 6', 'sub-of-other 4']);
});

/** An event of each is delivered before their subscriptions end: soon, and later where the machine is too busy for that. */
async function openEnding() {
  for (let leftMs = 4_000; ; leftMs *= 2) {
    const subscriptions = [...BOTH];
    const { stack, receiver } = await open(configOf(LOOKED_UP, { alsoNamed: true }), subscriptions);
    const worker = await stack.startReady('worker');
    const endsMs = Date.now() + leftMs;
    const ends = { ending_at: new Date(endsMs).toISOString() };
    subscriptions.splice(0, 2, subscriptionOf('looked-up', ends), subscriptionOf('named', ends));
    await sendAll(receiver.url, ofBoth(1, OLD_MS));
    const { delivered, late } = (await untilSettled(stack, 2))!;
    expect(delivered).toBe(2);
    if (late === 0) return { stack, receiver, worker, endsMs };
    for (const { process } of [receiver, worker]) {
      process.signal('SIGTERM');
      await process.exited;
    }
    await stack.redis.flushall();
  }
}

(isOldOfThisMonth ? test : test.skip)('what waits on hold while its subscription ends is late', async () => {
  const { stack, receiver, worker, endsMs } = await openEnding();
  expect((await stack.cli('hold', 'lago', '--reason', 'test')).code).toBe(0);
  const isHeld = 'meterbridge_breaker_state{destination="lago",state="held"} 1';
  await waitFor(async () => (await metricsOf(worker.url)).includes(isHeld), { what: 'the hold' });
  await sendAll(receiver.url, ofBoth(10, OLD_MS));
  // Its end is told without its milliseconds.
  await waitFor(() => Date.now() > endsMs + 1_000, { what: 'the end' });
  expect((await stack.cli('resume', 'lago')).code).toBe(0);
  expect(await untilSettled(stack, 22)).toMatchObject({ delivered: 22, late: 20, difference: 0 });
  expect(billed(stack).toSorted()).toEqual(['sub-of-looked-up 2', 'sub-of-named 2']);
});

test('with "lateEvents: dead-letter" it is never sent', async () => {
  const config = configOf(LOOKED_UP, { alsoNamed: true, lateEvents: 'dead-letter' });
  const { stack, receiver } = await open(config, BOTH);
  await stack.startReady('worker');
  await sendAll(receiver.url, [...ofBoth(10, MONTH_AGO_MS), ...ofBoth(3, NOW_MS)]);
  expect(await untilSettled(stack, 26)).toMatchObject({
    delivered: 6,
    late: 0,
    dead: 20,
    deadByReason: { period_closed: 20 },
    difference: 0,
  });
  expect(stack.sandbox.lago.inspect().late).toBe(0);
  expect(stack.sandbox.lago.ledger.size).toBe(6);
});

test('a dry run of a backfill says how many are late', async () => {
  const { stack } = await open(configOf(LOOKED_UP, { alsoNamed: true }), BOTH);
  const file = join(await mkdtemp(join(tmpdir(), 'late-usage-')), 'archive.ndjson');
  const events = [...ofBoth(6, MONTH_AGO_MS), ...ofBoth(4, NOW_MS)];
  await writeArchive(
    file,
    events.map((track) => ({ ...track, receivedAt: track.timestamp })),
  );
  const { output } = await stack.cli('backfill', '--dry-run', '--json', file);
  await rm(dirname(file), { recursive: true });
  expect(JSON.parse(output)).toMatchObject({ events: 20, held: [{ late: 12, maybeLate: 0 }] });
  expect(stack.sandbox.lago.ledger.size).toBe(0);
});

/** Forgets what was read of subscriptions, so that a change in Lago is seen at once. */
async function forgetReads({ redis }: Stack): Promise<void> {
  for (const key of await redis.keys('*:subscriptions:*')) await redis.del(key);
}

/** Replaces the worker by one with another configuration. */
async function redeploy(stack: Stack, worker: { process: RunningProcess }, config: string) {
  worker.process.signal('SIGTERM');
  await worker.process.exited;
  await stack.writeConfig(config);
  return stack.startReady('worker');
}

async function detailOf(stack: Stack): Promise<string> {
  return (await stack.cli('dead-letters', 'list', '--json')).output;
}

async function readLetters({ redis }: Stack): Promise<{ id: string; event: SegmentEvent }[]> {
  const letters: { id: string; event: SegmentEvent }[] = [];
  for await (const { id, letter } of readDeadLetters<DeadLetter>('lago', redis)) {
    letters.push({ id, event: letter.event });
  }
  return letters;
}

async function replay(stack: Stack): Promise<void> {
  await forgetReads(stack);
  expect((await stack.cli('dead-letters', 'replay', '--all', '--yes')).code).toBe(0);
}

describe('advice of a dead letter, followed', () => {
  test('no subscription: one that begins before the event bills what is of its open period, and nothing of before', async () => {
    const subscriptions: LagoSubscription[] = [];
    const { stack, receiver } = await open(configOf(LOOKED_UP), subscriptions);
    await stack.startReady('worker');
    await sendAll(receiver.url, [...tracksOf('acme', 7, NOW_MS), ...tracksOf('acme', 7, MONTH_AGO_MS)]);
    expect(await untilSettled(stack, 14)).toMatchObject({ deadByReason: { no_subscription: 14 } });
    expect(await detailOf(stack)).toContain('assign one that begins before the event, then replay');
    subscriptions.push(subscriptionOf('acme'));
    const plan = await stack.cli('dead-letters', 'replay', '--all', '--dry-run');
    expect(plan.output).toMatch(/\b7\b.*lago: late for their period/);
    const old = (await readLetters(stack)).find(({ event }) =>
      event.timestamp.startsWith(monthOf(MONTH_AGO_MS)),
    )!;
    const preview = await stack.cli('preview', '--dead-letter', old.id);
    expect(preview.output).toContain(
      `it is of ${monthOf(MONTH_AGO_MS)}: where that period is billed already`,
    );
    await replay(stack);
    expect(await untilSettled(stack, 14)).toMatchObject({ delivered: 14, late: 7, dead: 0, difference: 0 });
    expect(billed(stack)).toEqual(['sub-of-acme 14']);
  });

  test('before the first began: another one from before, and "prefer" for what came after', async () => {
    const beganMs = Date.now() - 60_000;
    const began = new Date(beganMs).toISOString();
    const subscriptions = [subscriptionOf('acme', { plan_code: 'gold', started_at: began })];
    const { stack, receiver } = await open(configOf(LOOKED_UP), subscriptions);
    const worker = await stack.startReady('worker');
    await sendAll(receiver.url, [
      ...tracksOf('acme', 3, Date.now() - beganMs + 500),
      ...tracksOf('acme', 2, NOW_MS),
    ]);
    expect(await untilSettled(stack, 5)).toMatchObject({ deadByReason: { no_subscription: 3 } });
    expect(await detailOf(stack)).toContain('assign one that begins before it');
    subscriptions.push(subscriptionOf('acme', { external_id: 'earlier' }));
    await redeploy(stack, worker, configOf('{ lookup: customer, customer: userId, prefer: { plan: gold } }'));
    await replay(stack);
    await sendAll(receiver.url, tracksOf('acme', 4, NOW_MS));
    expect(await untilSettled(stack, 9)).toMatchObject({ delivered: 9, dead: 0, difference: 0 });
    expect(billed(stack)).toEqual(expect.arrayContaining(['sub-of-acme 12', 'earlier 6']));
  });

  test.each([
    ['its plan', '{ plan: [gold] }'],
    ['its external id', '{ externalId: properties.subscription }'],
  ])('several: "prefer" names the one by %s', async (_by, prefer) => {
    const subscriptions = [
      subscriptionOf('acme', { plan_code: 'gold' }),
      subscriptionOf('acme', { external_id: 'second' }),
    ];
    const { stack, receiver } = await open(configOf(LOOKED_UP), subscriptions);
    const worker = await stack.startReady('worker');
    await sendAll(receiver.url, tracksOf('acme', 5, NOW_MS));
    expect(await untilSettled(stack, 5)).toMatchObject({ deadByReason: { several_subscriptions: 5 } });
    expect(await detailOf(stack)).toContain('say in the rule which one, by \\"prefer\\"');
    await redeploy(stack, worker, configOf(`{ lookup: customer, customer: userId, prefer: ${prefer} }`));
    await replay(stack);
    expect(await untilSettled(stack, 5)).toMatchObject({ delivered: 5, dead: 0, difference: 0 });
    expect(billed(stack)).toEqual(['sub-of-acme 10']);
  });

  test('a closed period: what is recurring is billed once it is sent all the same', async () => {
    const code = 'kept';
    const { stack, receiver } = await open(configOf(LOOKED_UP, { lateEvents: 'dead-letter', code }), [
      subscriptionOf('acme'),
    ]);
    const worker = await stack.startReady('worker');
    await sendAll(receiver.url, tracksOf('acme', 5, MONTH_AGO_MS));
    expect(await untilSettled(stack, 5)).toMatchObject({ deadByReason: { period_closed: 5 } });
    expect(await detailOf(stack)).toContain('set \\"lateEvents: send\\" and replay');
    await redeploy(stack, worker, configOf(LOOKED_UP, { code }));
    await replay(stack);
    expect(await untilSettled(stack, 5)).toMatchObject({ delivered: 5, late: 5, dead: 0 });
    expect(billed(stack)).toEqual(['sub-of-acme 10']);
  });

  test('a closed period: sent anew as of now it is billed, and the letter is discarded', async () => {
    const { stack, receiver } = await open(configOf(NAMED, { lateEvents: 'dead-letter' }), [
      subscriptionOf('acme'),
    ]);
    await stack.startReady('worker');
    await sendAll(receiver.url, tracksOf('acme', 5, MONTH_AGO_MS));
    expect(await untilSettled(stack, 5)).toMatchObject({ deadByReason: { period_closed: 5 } });
    expect(await detailOf(stack)).toContain('send it as a new event of a time within the open period');
    await sendAll(receiver.url, tracksOf('acme', 5, NOW_MS));
    const discarded = await stack.cli('dead-letters', 'discard', '--all', '--because', 'sent anew', '--yes');
    expect(discarded.code).toBe(0);
    expect(await untilSettled(stack, 10)).toMatchObject({ delivered: 5, discarded: 5, difference: 0 });
    expect(billed(stack)).toEqual(['sub-of-acme 10']);
  });
});
