import { expect, test } from '@jest/globals';
import type { DeadLetter } from '@meterbridge/delivery';
import { type Account, readAudit, readDeadLetters } from '@meterbridge/queue';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll, type Track } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import type { RunningProcess } from '../../cli/test/running-process.js';

/*
 * Lago's word that it has an id is not its word that it has this event. What it holds is read and compared before a
 * duplicate is counted as one.
 */

const suite = useRedis();
const stacks = useStack(suite);

/** As where nothing is said. */
const READ_TIMEOUT_MS = 15_000;

const configOf = (rules: string) => `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    timeoutMs: ${READ_TIMEOUT_MS}
    limit: { requestsPerSecond: 200, concurrency: 4 }
    rules:
${rules}
`;
const TOKENS = '{ tokens: { path: properties.tokens, as: number } }';
const BY_USER = configOf(
  `      - { name: calls, code: api_call, subscription: userId, properties: ${TOKENS} }`,
);

/** One run of a sender that numbers its events from 1. */
function aRun(count: number, tokens: (number: number) => number, changes: Partial<Track> = {}): Track[] {
  const began = Date.now() - 60_000;
  return makeTracks(count).map((track, index) => ({
    ...track,
    messageId: `run-${index + 1}`,
    userId: 'sub-1',
    timestamp: new Date(began - index * 7).toISOString(),
    properties: { tokens: tokens(index + 1) },
    context: {},
    ...changes,
  }));
}

/** A worker that has no window of keys it delivered: what was sent by another one is told by the API alone. */
async function restartWorker(stack: Stack, before?: RunningProcess) {
  before?.signal('SIGTERM');
  await before?.exited;
  return (await stack.startReady('worker')).process;
}

type Played = { stack: Stack; url: string; restart: () => Promise<RunningProcess> };

/**
 * Plays it with a receiver and with one worker after another. A job waits two seconds for its comparison: a machine that is
 * too busy for that counts its duplicates as not compared, and there is nothing to see. Then it is played again, from
 * the beginning.
 * @param play gives the account at its end
 */
async function untilCompared(
  config: string,
  play: (played: Played) => Promise<Account>,
  isSeen = ({ notCompared }: Account) => notCompared === 0,
): Promise<{ stack: Stack; account: Account }> {
  for (;;) {
    const stack = await stacks.open({ config });
    const receiver = await stack.startReady('receiver');
    let worker: RunningProcess | undefined;
    const restart = async () => {
      worker = await restartWorker(stack, worker);
      return worker;
    };
    const account = await play({ stack, url: receiver.url, restart });
    expect(account.difference).toBe(0);
    if (isSeen(account)) return { stack, account };
    for (const process of [receiver.process, worker]) {
      process?.signal('SIGTERM');
      await process?.exited;
    }
    await stack.redis.flushall();
  }
}

async function settled(stack: Stack, accepted: number) {
  await waitFor(
    async () => {
      const { accepted: count, inFlight } = await stack.account('lago');
      return count === accepted && inFlight === 0;
    },
    { what: `${accepted} deliveries to be settled` },
  );
  return stack.account('lago');
}

async function lettersOf(stack: Stack): Promise<(DeadLetter & { id: string })[]> {
  const letters: (DeadLetter & { id: string })[] = [];
  for await (const { id, letter } of readDeadLetters<DeadLetter>('lago', stack.redis)) {
    letters.push({ ...letter, id });
  }
  return letters;
}

const tokensAtLago = ({ sandbox }: Stack) =>
  sandbox.lago.events().reduce((sum, event) => sum + Number(event.properties?.tokens), 0);

test('messageIds that start again: each of 500 is a dead letter that shows both, and no token is lost silently', async () => {
  const { stack, account } = await untilCompared(BY_USER, async ({ stack, url, restart }) => {
    await restart();
    await sendAll(
      url,
      aRun(500, () => 1),
    );
    await settled(stack, 500);
    await restart();
    // 600 tokens, later, under the same ids.
    const later = new Date(Date.now() - 1_000).toISOString();
    await sendAll(
      url,
      aRun(500, (number) => (number <= 100 ? 2 : 1), { timestamp: later }),
    );
    return settled(stack, 1_000);
  });
  expect(account).toMatchObject({
    delivered: 500,
    duplicate: 0,
    notCompared: 0,
    dead: 500,
    deadByReason: { identity_collision: 500 },
    difference: 0,
  });
  const letters = await lettersOf(stack);
  const tokens = (kept: DeadLetter['usage']) => Number(JSON.parse(kept!.body).properties.tokens);
  expect(letters.reduce((sum, { usage }) => sum + tokens(usage), 0)).toBe(600);
  expect(letters.reduce((sum, { held }) => sum + tokens(held), 0)).toBe(500);
  expect(tokensAtLago(stack)).toBe(500);
  const first = letters.find(({ event }) => event.messageId === 'run-1')!;
  expect(first.tries.lastDetail).toContain('timestamp, properties.tokens');

  const { output } = await stack.cli('dead-letters', 'show', first.id);
  expect(output).toContain('what the API holds');
  expect(output).toMatch(/"tokens": 2 .*\| .*"tokens": 1/);
});

test('what a sender repeats is a duplicate, whatever the order of its keys', async () => {
  let second: RunningProcess;
  const { account } = await untilCompared(BY_USER, async ({ stack, url, restart }) => {
    await restart();
    const sent = aRun(300, (number) => number / 8);
    await sendAll(url, sent);
    await settled(stack, 300);
    second = await restart();
    await sendAll(url, sent);
    return settled(stack, 600);
  });
  expect(account).toMatchObject({
    delivered: 300,
    duplicate: 300,
    notCompared: 0,
    olderRule: 0,
    dead: 0,
    difference: 0,
  });
  await waitFor(() => second.output().includes('"same":'), { what: 'a line that says so' });
});

test('what was deleted at Lago is a dead letter that says so: sent again, it is a duplicate for ever', async () => {
  const { stack, account } = await untilCompared(BY_USER, async ({ stack, url, restart }) => {
    await restart();
    const sent = aRun(20, () => 1);
    await sendAll(url, sent);
    await settled(stack, 20);
    await restart();
    stack.sandbox.lago.softDelete('run-7');
    await sendAll(url, sent);
    return settled(stack, 40);
  });
  expect(account).toMatchObject({
    delivered: 20,
    duplicate: 19,
    notCompared: 0,
    dead: 1,
    deadByReason: { deleted_there: 1 },
    difference: 0,
  });
  expect((await lettersOf(stack))[0]).toMatchObject({ event: { messageId: 'run-7' } });
});

test('what an earlier version of the rule wrote is a duplicate, counted apart in its hour', async () => {
  const wrong = BY_USER.replace('code: api_call', 'code: wrong_call');
  const { stack, account } = await untilCompared(wrong, async ({ stack, url, restart }) => {
    await restart();
    const sent = aRun(50, (number) => number);
    await sendAll(url, sent);
    await settled(stack, 50);
    await stack.writeConfig(BY_USER);
    await restart();
    // As they were, but for one that nobody ever wrote like this.
    const changed = { ...sent[0]!, properties: { tokens: 1_000 } };
    await sendAll(url, [changed, ...sent.slice(1)]);
    return settled(stack, 100);
  });
  expect(account).toMatchObject({
    delivered: 50,
    duplicate: 49,
    olderRule: 49,
    notCompared: 0,
    deadByReason: { identity_collision: 1 },
    difference: 0,
  });
  const lines = (await readAudit('lago', stack.redis)).filter(({ olderRule }) => olderRule > 0);
  expect(lines).toMatchObject([{ source: 'backend', olderRule: 49, difference: 0 }]);
  expect((await stack.cli('audit')).output).toContain('49 of the duplicates');
  expect((await stack.cli('status')).output).toContain('49 of the duplicates');
});

test('a worker that is killed while it compares: what was in its hand is in doubt, and counts as delivered', async () => {
  const { stack, account } = await untilCompared(BY_USER, async ({ stack, url, restart }) => {
    await restart();
    const sent = aRun(100, () => 1);
    await sendAll(url, sent);
    await settled(stack, 100);
    const second = await restart();
    const { faults } = stack.sandbox.lago;
    faults.add({ times: 'always', match: { method: 'GET' }, hang: true });
    await sendAll(url, sent);
    await waitFor(async () => faults.fired > 0 || (await stack.account()).notCompared > 0, {
      what: 'a read',
    });
    second.signal('SIGKILL');
    await second.exited;
    faults.clear();
    await expireLocks(stack.redis);
    await restart();
    return settled(stack, 200);
  });
  expect(account).toMatchObject({ delivered: 200, duplicate: 0, dead: 0, difference: 0 });
  expect(tokensAtLago(stack)).toBe(100);
});

const TWO_RULES = configOf(`
      - { name: calls, when: 'event = "API Call"', code: api_call, subscription: userId, properties: ${TOKENS} }
      - { name: others, when: 'event != "API Call"', code: other_call, subscription: userId, properties: ${TOKENS} }
`);

test('beyond the budget of reads each rule has its sample, and the rest is a duplicate that was not compared', async () => {
  const play = async ({ stack, url, restart }: Played) => {
    await restart();
    // A subscription each, at a time of its own: each has to be asked for by its id, 20 a second.
    const tracks = aRun(200, () => 1).map((track, index) => ({
      ...track,
      userId: `sub-${index}`,
      event: index % 4 === 0 ? 'Other' : 'API Call',
    }));
    await sendAll(url, tracks);
    await settled(stack, 200);
    await restart();
    const later = new Date(Date.now() - 1_000).toISOString();
    await sendAll(
      url,
      tracks.map((track) => ({ ...track, timestamp: later, properties: { tokens: 2 } })),
      200,
    );
    return settled(stack, 400);
  };
  // What was compared is a dead letter; a few of them show no sample.
  const { stack, account: end } = await untilCompared(TWO_RULES, play, ({ dead }) => dead >= 12);
  const { duplicate, notCompared, dead, ...account } = end;
  expect(account).toMatchObject({ accepted: 400, delivered: 200, olderRule: 0, difference: 0 });
  expect(duplicate).toBe(notCompared);
  expect(notCompared + dead).toBe(200);
  expect(notCompared).toBeGreaterThan(100);
  const rules = (await lettersOf(stack)).map(({ rule }) => rule);
  const [calls, others] = ['calls', 'others'].map((name) => rules.filter((rule) => rule === name).length);
  expect(calls).toBeGreaterThan(2);
  expect(others).toBeGreaterThan(2);
  expect(Math.abs(calls! - others!)).toBeLessThan(8);
});

type Fault = Parameters<Stack['sandbox']['lago']['faults']['add']>[0];

test.each<[string, Fault]>([
  ['is refused', { respond: { status: 403, body: { status: 403, error: 'Forbidden' } } }],
  ['fails', { respond: { status: 500, body: 'oops' } }],
  ['takes too long', { hang: true }],
])(
  'a read that %s holds nothing and kills nothing: the duplicates were not compared',
  async (_what, fault) => {
    const stack = await stacks.open({ config: BY_USER });
    const receiver = await stack.startReady('receiver');
    const worker = await restartWorker(stack);
    const sent = aRun(100, () => 1);
    await sendAll(receiver.url, sent);
    await settled(stack, 100);
    const second = await restartWorker(stack, worker);
    stack.sandbox.lago.faults.add({ ...fault, times: 'always', match: { method: 'GET' } });
    await sendAll(receiver.url, [...sent, ...makeTracks(50, { context: {}, properties: { tokens: 1 } })]);
    expect(await settled(stack, 250)).toMatchObject({
      delivered: 150,
      duplicate: 100,
      notCompared: 100,
      dead: 0,
      difference: 0,
    });
    expect(second.output()).not.toContain('destination.held');
    const waited = () => [...second.output().matchAll(/"notCompared":[1-9]\d*,"durationMs":(\d+)/g)];
    await waitFor(() => waited().length > 0, { what: 'a line that says so' });
    // Nobody waited for the read itself to be given up.
    for (const [, durationMs] of waited()) expect(Number(durationMs)).toBeLessThan(READ_TIMEOUT_MS);
  },
);
