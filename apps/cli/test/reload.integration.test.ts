// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's placeholders are written so
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, upLogOf, useStack } from './run-stack.js';
import type { RunningProcess } from './running-process.js';
import { CONFIG, LAGO_KEY } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

type Version = { number: number; subscription?: string; more?: string };

/** Of each version, limit and write keys are others, and unless it says so the subscription; the keys are in files. */
function configOf(folder: string, { number, subscription = `sub-${number}`, more = '' }: Version): string {
  return `
sources:
  - name: backend
    writeKeys: ["\${file:${join(folder, 'key-old')}}", "\${file:${join(folder, 'key-new')}}"]
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    limit: { requestsPerSecond: ${200 + number}, concurrency: 4 }
    rules: [{ name: calls, code: api_call, subscription: { value: ${subscription} } }]
${more}
`;
}

const keyOf = (number: number) => `wk-rotated-key-number-${number}`;

/** Files are replaced as an orchestrator does, and the configuration is written in two steps, as some editors do. */
async function save(stack: Stack, version: Version): Promise<void> {
  const folder = dirname(stack.env.METERBRIDGE_CONFIG!);
  const { number } = version;
  for (const [name, key] of [
    ['key-old', keyOf(number - 1)],
    ['key-new', keyOf(number)],
  ] as const) {
    await writeFile(join(folder, `${name}.next`), `${key}\n`);
    await rename(join(folder, `${name}.next`), join(folder, name));
  }
  const text = configOf(folder, version);
  await stack.writeConfig(text.slice(0, text.indexOf('rules:')));
  await stack.writeConfig(text);
}

async function hashOf(url: string): Promise<string> {
  return ((await (await fetch(`${url}/healthz`)).json()) as { config: string }).config;
}

/** Resolves to the new name, once all of them run it. */
async function untilChanged(urls: string[], before: string): Promise<string> {
  return waitFor(
    async () => {
      const hashes = new Set(await Promise.all(urls.map(hashOf)));
      const [hash] = hashes;
      return hashes.size === 1 && hash !== before && hash!;
    },
    { what: 'the saved configuration in every process' },
  ) as Promise<string>;
}

/** Clients that send event by event without a pause, under the key of the moment, and each until it is accepted. */
function startLoad(url: () => string, key: () => string) {
  const answers = new Map<number, number>();
  const sent: string[] = [];
  let isOver = false;
  const client = async () => {
    let track = makeTracks(1)[0]!;
    let isAccepted = true;
    while (!isOver || !isAccepted) {
      const authorization = `Basic ${Buffer.from(`${key()}:`).toString('base64')}`;
      const answer = await fetch(`${url()}/v1/track`, {
        method: 'POST',
        headers: { authorization },
        body: JSON.stringify(track),
      }).then(
        async (response) => ({ status: response.status, text: await response.text() }),
        () => ({ status: 0 }),
      );
      answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
      isAccepted = answer.status === 200;
      if (!isAccepted) continue;
      sent.push(track.messageId);
      track = makeTracks(1)[0]!;
    }
  };
  const running = Promise.all(Array.from({ length: 6 }, client));
  return {
    answers,
    sent,
    async end() {
      isOver = true;
      await running;
    },
  };
}

async function untilUp(up: RunningProcess): Promise<{ receiver: string; worker: string }> {
  const url = (name: string) => new RegExp(`${name}: (http://[\\d.:]+)`).exec(up.output())?.[1];
  await waitFor(() => url('Worker'), { what: 'the stack' });
  return { receiver: url('Receiver')!, worker: url('Worker')! };
}

/** Whom Lago would bill. */
function owners({ sandbox }: Stack): Set<string> {
  return new Set([...sandbox.lago.ledger.entries()].map(({ owner }) => owner ?? ''));
}

test('a configuration that is saved under load is in force at once: no request is refused, none is taken twice', async () => {
  const stack = await stacks.open();
  await save(stack, { number: 1 });
  stack.env.LOG_LEVEL = 'info';
  await stack.choosePorts();
  const up = stack.start('cli', ['up']);
  const { receiver, worker } = await untilUp(up);
  let key = keyOf(1);
  const load = startLoad(
    () => receiver,
    () => key,
  );
  let hash = await hashOf(receiver);
  await waitFor(() => owners(stack).has('sub-1'), { what: 'events mapped by the first' });
  for (let number = 2; number <= 5; number++) {
    const sentBefore = load.sent.length;
    await save(stack, { number });
    hash = await untilChanged([receiver, worker], hash);
    key = keyOf(number);
    await waitFor(() => load.sent.length > sentBefore + 100, { what: 'requests under it' });
    await waitFor(() => owners(stack).has(`sub-${number}`), { what: 'events mapped by it' });
  }
  await load.end();
  expect([...load.answers.keys()]).toEqual([200]);
  const { sent } = load;
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'all to be settled' });
  expect(await stack.account('lago')).toMatchObject({
    accepted: sent.length,
    delivered: sent.length,
    dead: 0,
    difference: 0,
  });
  const { ledger } = stack.sandbox.lago;
  expect([...ledger.entries()].map(({ id }) => id).toSorted()).toEqual(sent.toSorted());
  expect(ledger.counts()).toMatchObject({ keys: sent.length, changed: 0 });
  expect(owners(stack)).toEqual(new Set([1, 2, 3, 4, 5].map((number) => `sub-${number}`)));
  const log = upLogOf(stack);
  expect(log.match(/receiver\.listening|worker\.ready/g)).toHaveLength(2);
  for (let number = 0; number <= 5; number++) expect(up.output() + log).not.toContain(keyOf(number));

  // The rest in the same stack, which takes a while to start.
  await stack.writeConfig('sources: []');
  await waitFor(() => up.output().includes('The configuration from before stays in use'), {
    what: 'the mistake to be said',
  });
  expect([await hashOf(receiver), await hashOf(worker)]).toEqual([hash, hash]);
  await save(stack, { number: 5, more: 'redis: { maxMemoryPercent: 70 }' });
  const partly = await untilChanged([receiver, worker], hash);
  expect(partly).toMatch(/-needs-restart$/);
  expect(up.output()).toContain('redis.maxMemoryShare: used after a restart only');
  up.signal('SIGTERM');
  expect(await up.exited).toEqual({ code: 0, signal: null });
});

test('killed in the middle of a reload, again and again: nothing is lost or billed twice, and what is saved is in force', async () => {
  const stack = await stacks.open();
  const subscription = 'sub-1';
  await save(stack, { number: 1, subscription });
  const processes = {
    receiver: await stack.startReady('receiver'),
    worker: await stack.startReady('worker'),
  };
  const urls = () => [processes.receiver.url, processes.worker.url];
  let key = keyOf(1);
  const load = startLoad(
    () => processes.receiver.url,
    () => key,
  );
  let hash = await hashOf(processes.receiver.url);
  for (let number = 2; number <= 7; number++) {
    await save(stack, { number, subscription });
    for (const each of Object.values(processes)) each.process.signal('SIGHUP');
    // A reload waits for 200 ms until the file is whole, and then takes some milliseconds.
    await sleep(150 + 15 * number);
    const dying =
      number % 3 === 0 ? (['receiver', 'worker'] as const) : ([number % 2 ? 'receiver' : 'worker'] as const);
    for (const name of dying) processes[name].process.signal('SIGKILL');
    for (const name of dying) {
      await processes[name].process.exited;
      processes[name] = await stack.startReady(name);
    }
    hash = await untilChanged(urls(), hash);
    key = keyOf(number);
    const sentBefore = load.sent.length;
    await waitFor(() => load.sent.length > sentBefore + 50, { what: 'requests under it' });
  }
  await load.end();
  const { sent } = load;
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, {
    what: 'all to be settled',
  });
  const account = await stack.account('lago');
  expect(account).toMatchObject({ dead: 0, difference: 0 });
  // One whose answer died with the receiver was sent again.
  expect(account.accepted).toBeGreaterThanOrEqual(sent.length);
  const { ledger } = stack.sandbox.lago;
  expect([...ledger.entries()].map(({ id }) => id).toSorted()).toEqual(sent.toSorted());
  expect(ledger.counts()).toMatchObject({ keys: sent.length, changed: 0 });
});

test('SIGHUP has a receiver and a worker read their files again; what is wrong changes nothing', async () => {
  const stack = await stacks.open();
  await save(stack, { number: 1 });
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  const hash = await hashOf(receiver.url);
  const statusWith = async (key: string) =>
    (
      await fetch(`${receiver.url}/v1/track`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify(makeTracks(1)[0]),
      })
    ).status;

  await stack.writeConfig('sources: [');
  for (const each of [receiver, worker]) each.process.signal('SIGHUP');
  await waitFor(() => [receiver, worker].every((each) => each.process.output().includes('config.refused')), {
    what: 'both to refuse it',
  });
  expect([await hashOf(receiver.url), await hashOf(worker.url)]).toEqual([hash, hash]);
  expect(await statusWith(keyOf(1))).toBe(200);
  expect(await statusWith(keyOf(3))).toBe(401);

  // Only a secret has changed.
  await save(stack, { number: 3 });
  await stack.writeConfig(configOf(dirname(stack.env.METERBRIDGE_CONFIG!), { number: 1 }));
  for (const each of [receiver, worker]) each.process.signal('SIGHUP');
  const next = await untilChanged([receiver.url, worker.url], hash);
  expect([await statusWith(keyOf(3)), await statusWith(keyOf(2)), await statusWith(keyOf(1))]).toEqual([
    200, 200, 401,
  ]);
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  expect(metrics.match(/^meterbridge_config_info.*$/gm)).toEqual([
    `meterbridge_config_info{hash="${next}"} 1`,
  ]);
  // The same once more.
  receiver.process.signal('SIGHUP');
  await waitFor(() => receiver.process.output().includes('config.unchanged'), { what: 'nothing to happen' });
});

test('an API key that is replaced in its file is used from then on, and what was in hand under the one before goes out', async () => {
  const stack = await stacks.open();
  const file = join(dirname(stack.env.METERBRIDGE_CONFIG!), 'lago-key');
  await writeFile(file, 'a-key-that-was-revoked\n');
  const config = CONFIG.replace('${LAGO_API_KEY}', `"\${file:${file}}"`);
  await stack.writeConfig(config);
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  await sendAll(receiver.url, makeTracks(200));
  await waitFor(() => worker.process.output().includes('destination.held'), { what: 'the hold' });
  expect(await stack.account('lago')).toMatchObject({ inFlight: 200, dead: 0 });
  const before = await hashOf(worker.url);
  await writeFile(file, `${LAGO_KEY}\n`);
  worker.process.signal('SIGHUP');
  await untilChanged([worker.url], before);
  // Else a probe finds out within a minute.
  expect((await stack.cli('resume', 'lago')).code).toBe(0);
  const accounts = await stack.settled(200);
  expect(accounts.lago).toMatchObject({ delivered: 200, dead: 0, difference: 0 });
  expect(accounts.hyperline).toMatchObject({ delivered: 200, dead: 0, difference: 0 });
  expect(worker.process.output()).toContain('"keys":["destinations.lago.apiKey"]');
});
