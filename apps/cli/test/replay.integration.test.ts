import { expect, test } from '@jest/globals';
import { useRedis } from '@meterbridge/testing';
import { makeTracks, sendAll, type Track } from './retrying-client.js';
import { expectEachOnce, type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const MENDED = CONFIG.replace('as: number }', 'as: number, default: 0 }');
const idsOf = (tracks: Track[]) => tracks.map(({ messageId }) => messageId);
const withoutTokens = (subscription = 'sub-1') => ({
  properties: { model: 'small', subscription_id: subscription },
});

/** A stack with these events sent and settled; receiver and worker are gone again. */
async function openSettled(tracks: Track[], config = CONFIG): Promise<Stack> {
  const stack = await stacks.open({ config });
  await stack.settle(tracks);
  return stack;
}

type Report = {
  plan: {
    letters: number;
    go: number;
    reasons: object[];
    customers: object[];
    customersInAll: number;
    fail: object[];
    stay: object[];
    held: object[];
    seconds: number | null;
  };
  replay: {
    id: string;
    state: string;
    replayed: number;
    left: object;
    inFlight: number;
    delivered: number;
    deadAgain: object[];
  };
};

async function replay(stack: Stack, ...args: string[]): Promise<Report & { code: number | null }> {
  const { code, output } = await stack.cli('dead-letters', 'replay', '--json', ...args);
  return { code, ...(JSON.parse(output) as Report) };
}

/** What the destination's API was given: each key once on the wire. */
const onceEach = (keys: number) => ({ keys, storedAgain: 0, refusedAgain: 0, changed: 0 });

test('a plan says how many, whose, what would fail again and why, and what the API has already', async () => {
  const good = makeTracks(5);
  const dead = [...makeTracks(40, withoutTokens()), ...makeTracks(10, withoutTokens('sub-2'))];
  const wrong = makeTracks(3, { properties: { tokens: 'many', subscription_id: 'sub-2' } });
  const stack = await openSettled([...good, ...dead, ...wrong]);
  await stack.writeConfig(MENDED);
  // The API has five of them by another way, one of those for another subscription.
  const elsewhere = dead.slice(0, 5).map(({ messageId, timestamp }, index) => ({
    transaction_id: messageId,
    external_subscription_id: index === 4 ? 'another' : 'sub-1',
    code: 'api_call',
    timestamp: Date.parse(timestamp as string) / 1_000,
    properties: { model: 'small', tokens: '0.0' },
  }));
  const stored = await fetch(`${stack.sandbox.lago.url}/api/v1/events/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${stack.env.LAGO_API_KEY}` },
    body: JSON.stringify({ events: elsewhere }),
  });
  expect(stored.status).toBe(200);

  const { code, plan, replay: done } = await replay(stack, '--all', '--dry-run', '--check-all');
  expect({ code, done }).toEqual({ code: 0, done: undefined });
  expect(plan).toMatchObject({
    letters: 53,
    go: 50,
    reasons: [{ destination: 'lago', reason: 'unmapped', letters: 53 }],
    customers: [
      { customer: 'sub-1', letters: 40 },
      { customer: 'sub-2', letters: 13 },
    ],
    customersInAll: 2,
    fail: [{ destination: 'lago', why: expect.stringContaining('properties.tokens'), letters: 3 }],
    stay: [],
    held: [{ destination: 'lago', asked: 50, notAsked: 0, same: 4, otherOwner: 1 }],
    // Half of 200 requests a second of 100 events each.
    seconds: 50 / 10_000,
  });
  expect(await stack.account()).toMatchObject({ dead: 53, inFlight: 0 });
  expect((await stack.cli('replays', 'list')).output).toContain('No replay is remembered.');

  const shown = await stack.cli('dead-letters', 'replay', '--customer', 'sub-2', '--dry-run');
  expect(shown.code).toBe(0);
  expect(shown.output).toMatch(/13 {2}lago {2}unmapped/);
  expect(shown.output).toMatch(/10 {2}can be delivered/);
  expect(shown.output).toMatch(
    /3 {2}would fail again, left where they are: lago, unmapped: properties.tokens/,
  );
  expect(shown.output).not.toContain('many');

  // Nobody can be asked here, and nothing is done without an answer.
  const unasked = await stack.cli('dead-letters', 'replay', '--customer', 'sub-2');
  expect(unasked).toMatchObject({ code: 1, output: expect.stringContaining('--yes') });
  // One of all would be billed twice.
  const refused = await stack.cli('dead-letters', 'replay', '--all', '--yes');
  expect(refused).toMatchObject({ code: 1, output: expect.stringContaining('--send-again 1') });
  expect((await stack.cli('dead-letters', 'replay')).code).toBe(2);
  expect((await stack.cli('dead-letters', 'replay', 'lago/1-1', '--yes')).code).toBe(1);

  // An API that is away is passed over with a word.
  await stack.sandbox.close();
  const away = await replay(stack, '--all', '--dry-run');
  expect(away.plan).toMatchObject({
    go: 50,
    held: [{ destination: 'lago', asked: 0, notAsked: 50, problem: expect.stringContaining('no answer') }],
  });
});

test('a replay delivers what maps by its plan, whatever the rules of the worker are, and does not go in a circle', async () => {
  const dead = makeTracks(250, withoutTokens());
  const wrong = makeTracks(30, { properties: { tokens: 'many', subscription_id: 'sub-2' } });
  const stack = await openSettled([...dead, ...wrong]);
  // The worker has not heard of the mended rule.
  await stack.startReady('worker');
  await stack.writeConfig(MENDED);
  const first = await replay(stack, '--reason', 'unmapped', '--yes', '--wait');
  expect(first).toMatchObject({ code: 0, plan: { go: 250 } });
  expect(first.replay).toMatchObject({
    state: 'done',
    replayed: 250,
    left: { 'would fail again': 30 },
    inFlight: 0,
    delivered: 250,
    deadAgain: [],
  });
  expect(await stack.account()).toMatchObject({ accepted: 280, delivered: 250, dead: 30, difference: 0 });
  expect(stack.sandbox.lago.ledger.counts()).toEqual(onceEach(250));

  // Those that would fail again are tried if that is asked for, and say then how often.
  const failing = await replay(stack, '--all', '--yes', '--wait', '--include-failing');
  expect(failing.code).toBe(1);
  expect(failing.replay).toMatchObject({
    replayed: 30,
    left: {},
    delivered: 0,
    deadAgain: [{ destination: 'lago', reason: 'unmapped', letters: 30 }],
  });
  const shown = await stack.cli('replays', 'show', failing.replay.id);
  expect(shown.code).toBe(0);
  expect(shown.output).toMatch(/which: +--all/);
  expect(shown.output).toMatch(/30 {2}dead again: lago {2}unmapped/);
  const [letter] = (await stack.cli('dead-letters', 'list', '--json', '--limit', '1')).output.split('\n');
  const { id } = JSON.parse(letter!) as { id: string };
  const { letter: full } = JSON.parse((await stack.cli('dead-letters', 'show', id, '--json')).output) as {
    letter: { history: object[] };
  };
  expect(full.history).toEqual([expect.objectContaining({ reason: 'unmapped', replay: failing.replay.id })]);

  const replays = JSON.parse((await stack.cli('replays', 'list', '--json')).output) as object[];
  expect(replays).toMatchObject([
    { id: failing.replay.id, state: 'done', replayed: 30 },
    { id: first.replay.id, state: 'done', replayed: 250, what: { filter: { reason: 'unmapped' } } },
  ]);
  expect((await stack.cli('replays', 'list')).output).toContain('--reason unmapped');
  expect((await stack.cli('replays', 'resume', first.replay.id)).output).toContain('is done');
  expect((await stack.cli('replays', 'show', '999')).code).toBe(1);
  expect(await stack.cli('audit')).toMatchObject({ code: 0 });
});

test("the receiver's letters are judged anew, and become deliveries of the rules of now", async () => {
  const old = new Date(Date.now() - 10 * 86_400_000);
  const device = {
    timestamp: old.toISOString(),
    context: {
      groupId: 'acct-1',
      os: { name: 'iOS', version: '18.1' },
      library: { name: 'analytics-ios', version: '4' },
    },
  };
  const limited = `${CONFIG.replace('privacy:', 'integrations: [Billing]\n    refuseUnknownWriteKeys: true\n    privacy:')}\nreceiver: { maxEventAgeDays: 1 }\n`;
  const stack = await stacks.open({ config: limited });
  const receiver = await stack.startReady('receiver');
  const late = makeTracks(700, { timestamp: old.toISOString() });
  const filtered = makeTracks(20, { timestamp: old.toISOString(), type: 'page', event: undefined });
  const off = makeTracks(10, { timestamp: old.toISOString(), integrations: { All: false } });
  const never = makeTracks(5, { event: undefined });
  await sendAll(receiver.url, [...late, ...filtered, ...off, ...never], 500);
  // The batch was sent when the device's clock said so: its clock is an hour fast.
  const [fast] = makeTracks(1, device) as [Track];
  const sentAt = new Date(Date.now() + 3_600_000).toISOString();
  const answer = await fetch(`${receiver.url}/v1/batch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.env.SEGMENT_WRITE_KEY}` },
    body: JSON.stringify({ batch: [fast, { ...fast, messageId: 'nobodys', writeKey: 'of-nobody' }], sentAt }),
  });
  expect(answer.status).toBe(200);
  expect(await stack.account('receiver')).toMatchObject({ accepted: 737, dead: 737 });

  await stack.writeConfig(limited.replace('maxEventAgeDays: 1', 'maxEventAgeDays: 30'));
  await stack.startReady('worker');
  const { code, plan, replay: report } = await replay(stack, '--destination', 'receiver', '--yes', '--wait');
  expect(plan).toMatchObject({
    letters: 737,
    go: 721,
    stay: expect.arrayContaining([
      { destination: 'receiver', why: 'switched off by its integrations', letters: 10 },
      {
        destination: 'receiver',
        why: 'still no Segment event',
        detail: expect.stringContaining('missing_event'),
        letters: 5,
      },
      { destination: 'receiver', why: 'of an unknown write key', letters: 1 },
    ]),
  });
  expect(report).toMatchObject({
    replayed: 721,
    left: {
      'switched off by its integrations': 10,
      'still no Segment event': 5,
      'of an unknown write key': 1,
    },
    deliveries: 2 * 701,
    delivered: 2 * 701,
    deadAgain: [],
  });
  expect(code).toBe(0);
  const { lago, hyperline } = await stack.settled(721);
  for (const account of [lago, hyperline]) {
    expect(account).toMatchObject({
      accepted: 721,
      delivered: 701,
      duplicate: 0,
      filtered: 20,
      difference: 0,
    });
  }
  expectEachOnce(stack.sandbox, idsOf([...late, fast]));
  const [billed] = stack.sandbox.lago.ledger.find(fast.messageId);
  const offMs = billed!.timestampMs - (old.getTime() - 3_600_000);
  // As far off as receipt and sending lie apart.
  expect(Math.abs(offMs)).toBeLessThan(60_000);
  expect(await stack.account('receiver')).toMatchObject({ accepted: 16, dead: 16, difference: 0 });
  expect(await stack.cli('audit')).toMatchObject({ code: 0 });

  // Nobody vouches for what named an unknown key, until a person does.
  const byName = ['--reason', 'unknown_write_key', '--as-source'];
  expect((await stack.cli('dead-letters', 'replay', ...byName, 'none', '--yes')).output).toContain(
    'no source none; there are backend',
  );
  const vouched = await replay(stack, ...byName, 'backend', '--yes', '--wait');
  expect(vouched.plan).toMatchObject({ letters: 1, go: 1, stay: [] });
  expect(vouched.replay).toMatchObject({ replayed: 1, delivered: 2, deadAgain: [] });
  expect(await stack.account('receiver')).toMatchObject({ dead: 15, difference: 0 });
});
