import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll, type Track } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG, EMAIL, PHONE } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const MENDED = CONFIG.replace('as: number }', 'as: number, default: 0 }');
const WITHOUT_TOKENS = { properties: { model: 'small', subscription_id: 'sub-1' }, traits: { phone: PHONE } };
const TOKENS_IN_WORDS = { properties: { tokens: 'many', model: 'small', subscription_id: 'sub-1' } };
const NO_EVENT = { event: '' };

type Shown = {
  from: string;
  ok: boolean;
  received: Record<string, unknown>;
  destinations: {
    name: string;
    rules: Record<string, unknown>[];
    requests: { path: string; body: unknown }[];
  }[];
};

async function preview(stack: Stack, ...args: string[]) {
  const { code, output } = await stack.cli('preview', '--json', ...args);
  const shown = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Shown);
  return { code, output, shown };
}

async function openSettled(tracks: readonly Track[]): Promise<Stack> {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  await sendAll(receiver.url, tracks, 500);
  await stack.settled(tracks.filter(({ event }) => event !== '').length);
  for (const { process } of [receiver, worker]) {
    process.signal('SIGTERM');
    expect(await process.exited).toMatchObject({ code: 0 });
  }
  return stack;
}

test('what a changed configuration does to every dead letter is said before, and comes true in a replay', async () => {
  const good = makeTracks(5);
  const mendable = makeTracks(40, WITHOUT_TOKENS);
  const wrong = makeTracks(7, TOKENS_IN_WORDS);
  const rejected = makeTracks(3, NO_EVENT);
  const stack = await openSettled([...good, ...mendable, ...wrong, ...rejected]);
  const changed = join(stack.env.METERBRIDGE_CONFIG!, '..', 'changed.yaml');
  await writeFile(changed, MENDED);

  const compared = await stack.cli('preview', '--all-dead-letters', '--with', changed, '--json');
  expect(compared.code).toBe(0);
  const { deadLetters } = JSON.parse(compared.output) as {
    deadLetters: { samples: Record<string, { id: string }[]> };
  };
  expect(deadLetters).toMatchObject({
    events: 50,
    byDestination: {
      lago: { 'newly delivered': 40, 'still failing': 7 },
      receiver: { 'still failing': 3 },
    },
    total: { 'newly delivered': 40, 'still failing': 10, unchanged: 0, 'newly failing': 0 },
    reasons: {
      'newly delivered': { 'lago api-calls: properties.tokens is missing; a value was expected': 40 },
      'still failing': { missing_event: 3 },
    },
    samples: {
      'newly delivered': [
        { rule: 'api-calls', usage: { transaction_id: mendable[0]!.messageId, properties: { tokens: 0 } } },
        expect.anything(),
      ],
    },
  });
  // Nothing was changed by looking.
  expect(await stack.account()).toMatchObject({ dead: 47, delivered: 5, inFlight: 0 });
  // In place, the mended file says the same of what they died of.
  await stack.writeConfig(MENDED);
  const inPlace = JSON.parse((await stack.cli('preview', '--all-dead-letters', '--json')).output);
  expect(inPlace.deadLetters.total).toEqual(
    expect.objectContaining({ 'newly delivered': 40, 'still failing': 10 }),
  );

  await stack.startReady('worker');
  await stack.cli(
    'dead-letters',
    'replay',
    '--destination',
    'lago',
    '--yes',
    '--no-wait',
    '--include-failing',
  );
  await waitFor(async () => (await stack.account()).dead === 7 && (await stack.account()).inFlight === 0, {
    what: 'the replay to be settled',
  });
  expect(await stack.account()).toMatchObject({ delivered: 45, dead: 7, difference: 0 });
  expect([...stack.sandbox.lago.ledger.entries()].map(({ id }) => id).toSorted()).toEqual(
    [...good, ...mendable].map(({ messageId }) => messageId).toSorted(),
  );
});

test('a dead letter is previewed by its id, the receiver’s as well; the last events are found', async () => {
  const dead = makeTracks(2, WITHOUT_TOKENS);
  const stack = await openSettled([...dead, ...makeTracks(1, NO_EVENT)]);
  const listed = await stack.cli('dead-letters', 'list', '--json');
  const ids = [...listed.output.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id!);
  const ofLago = ids.filter((id) => id.startsWith('lago/'));
  const ofReceiver = ids.filter((id) => id.startsWith('receiver/'));
  expect([ofLago.length, ofReceiver.length]).toEqual([2, 1]);

  const one = await preview(stack, '--dead-letter', ofLago[0]!);
  expect(one.code).toBe(1);
  expect(one.shown).toMatchObject([
    {
      from: ofLago[0],
      received: { status: 'stored', messageId: dead[0]!.messageId },
      destinations: [
        { name: 'lago', rules: [{ name: 'api-calls', failures: [{ path: 'properties.tokens' }] }] },
      ],
    },
  ]);
  const refused = await preview(stack, '--dead-letter', ofReceiver[0]!);
  expect(refused).toMatchObject({
    code: 1,
    shown: [{ received: { status: 'rejected', reason: 'missing_event' } }],
  });
  expect((await preview(stack, '--dead-letter', 'lago/1-1')).output).toContain('it may have been replayed');

  const last = await preview(stack, '--last', '5');
  expect(last.shown.map(({ from }) => from).toSorted()).toEqual(
    [...ofLago, ...ofReceiver].map((id) => `dead letter ${id}`).toSorted(),
  );
  await stack.writeConfig(MENDED);
  expect(await preview(stack, '--dead-letter', ofLago[0]!)).toMatchObject({ code: 0, shown: [{ ok: true }] });
});

test('the last events are those that wait; where none are, it says so', async () => {
  const stack = await stacks.open();
  const none = await preview(stack, '--last');
  expect(none.code).toBe(1);
  expect(none.output).toContain('No event is at hand');

  const receiver = await stack.startReady('receiver');
  const user = {
    type: 'identify',
    event: undefined,
    properties: undefined,
    traits: { email: EMAIL, plan: 'pro' },
  };
  for (const track of [...makeTracks(3), ...makeTracks(1, user)]) await sendAll(receiver.url, [track]);
  const two = await preview(stack, '--last', '2');
  expect(two.code).toBe(0);
  expect(two.shown.map(({ from, received }) => [from, received.status])).toEqual([
    ['waits for hyperline', 'stored'],
    ['waits for lago', 'stored'],
  ]);
  expect(two.shown[0]!.destinations[1]).toMatchObject({
    rules: [
      { takes: false },
      { name: 'users', takes: true, hides: [{ field: 'record.work_email', how: 'masked' }] },
    ],
  });
});

test('the request that is shown is, to the letter, the one that a worker sends', async () => {
  const stack = await stacks.open();
  const sent = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    sent.set(request.url!, body);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(stack.env, { LAGO_API_URL: url, HYPERLINE_API_URL: url });

  const [track] = makeTracks(1);
  const file = join(stack.env.METERBRIDGE_CONFIG!, '..', 'event.json');
  await writeFile(file, JSON.stringify(track));
  const { shown } = await preview(stack, file);
  const requests = shown[0]!.destinations.flatMap(({ requests }) => requests);
  expect(requests.map(({ path }) => path)).toEqual(['/api/v1/events/batch', '/v1/events']);

  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  await sendAll(receiver.url, [track!]);
  for (const { path, body } of requests) {
    const wire = await waitFor(() => sent.get(path), { what: `a request to ${path}` });
    expect(JSON.stringify(body)).toBe(wire);
  }
});
