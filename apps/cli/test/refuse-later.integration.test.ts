import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { deliveriesOf, readDeadLetters, walkJobs } from '@meterbridge/queue';
import { type SuiteRedis, useCluster, useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, postBatch, sendUntilTaken } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG } from './stack-config.js';

const KEY = '0123456789abcdef0123456789abcdef';
const WITH_KEY = `${CONFIG}\nprivacyKey: ${KEY}\n`;
const ANN = { userId: 'ann-4711' };
const FORGET = ['forget', '--user', ANN.userId];

const PAUSE_MS = 50;

const ending: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

const single = useStack(useRedis());
const cluster = useStack(useCluster({ masters: 3 }) as unknown as SuiteRedis);

/** Whether anything that is kept names the person. */
async function isKept({ redis }: Stack): Promise<boolean> {
  for await (const job of walkJobs(redis)) {
    if (deliveriesOf(job).some(({ event }) => event.userId === ANN.userId)) return true;
  }
  for (const name of ['lago', 'hyperline', 'receiver']) {
    for await (const { json } of readDeadLetters(name, redis)) if (json.includes(ANN.userId)) return true;
  }
  return false;
}

/** The person's events to every receiver, good and bad ones, until it is told to end. */
function startLoad(urls: () => string[]) {
  let isOver = false;
  let sent = 0;
  const running = Promise.all(
    [0, 1].map(async (client) => {
      while (!isOver) {
        const batch = [
          ...makeTracks(1, ANN),
          ...makeTracks(1),
          ...makeTracks(1, { ...ANN, type: 'unheard of' }),
        ];
        await sendUntilTaken(urls()[(sent + client) % urls().length]!, batch);
        sent += 1;
        // As many events as it takes to come between all steps, and no more.
        await sleep(PAUSE_MS);
      }
    }),
  );
  const end = async () => {
    isOver = true;
    await running;
  };
  ending.push(end);
  return { sent: () => sent, end };
}

async function refusedBy(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^meterbridge_events_person_refused_total\{source="backend"\} (\d+)/m.exec(text)?.[1] ?? 0);
}

/** What the person's events came to from now on: nothing but a count. */
async function expectToRefuse(stack: Stack, url: string): Promise<void> {
  const before = await refusedBy(url);
  const answer = await postBatch(url, makeTracks(2, ANN));
  expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { success: true }]);
  expect(await refusedBy(url)).toBe(before + 2);
  expect(await isKept(stack)).toBe(false);
}

test('while two receivers take events of the person: killed, said again, and nothing of them is kept', async () => {
  const stack = await single.open({ config: WITH_KEY });
  const receivers = [await stack.startReady('receiver'), await stack.startReady('receiver')];
  const load = startLoad(() => receivers.map(({ url }) => url));
  await waitFor(() => load.sent() >= 20, { what: 'events of the person' });

  const killed = stack.start('cli', [...FORGET, '--refuse-later', '--yes']);
  await waitFor(async () => (await stack.account()).discarded > 0, { what: 'the first to be forgotten' });
  killed.signal('SIGKILL');
  await killed.exited;
  expect(await stack.cli('audit', '--json')).toMatchObject({ code: 0 });

  const again = await stack.cli(...FORGET, '--refuse-later', '--yes');
  expect([again.code, again.output]).toEqual([0, expect.stringContaining('are counted and not kept')]);
  // The load goes on: what it brought until now was found, and what it brings is none of theirs.
  expect(await isKept(stack)).toBe(false);
  const since = load.sent();
  await waitFor(() => load.sent() >= since + 10, { what: 'later events of the person' });
  await load.end();
  const late = await stack.startReady('receiver');
  for (const { url } of [...receivers, late]) await expectToRefuse(stack, url);

  await stack.startReady('worker');
  for (const account of Object.values(await stack.settled(load.sent()))) {
    expect(account).toMatchObject({ delivered: load.sent(), difference: 0 });
  }
  const events = 2 * load.sent() + 6;
  const { accepted, discarded, notKept, dead, difference } = await stack.account('receiver');
  expect({ accepted: accepted - discarded, dead, difference }).toEqual({
    accepted: 0,
    dead: 0,
    difference: 0,
  });
  const counted = (await Promise.all([...receivers, late].map(({ url }) => refusedBy(url)))).reduce(
    (a, b) => a + b,
  );
  expect([notKept, counted]).toEqual([counted, notKept]);
  expect(counted).toBeLessThan(events);

  const printed = [...receivers, late].map(({ process }) => process.output()).join('');
  const records = await stack.cli('dead-letters', 'discards', '--json');
  const list = await stack.cli('forget', '--list');
  const status = await stack.cli('status');
  expect(records.output).toContain('"what":"refused later"');
  expect(list.output).toContain('Later events of 1 person are refused');
  expect(status.output).toContain('Later events of 1 id is refused');
  const kept = JSON.stringify(await stack.redis.hgetall('meterbridge:refused-people'));
  for (const text of [printed, records.output, list.output, status.output, kept]) {
    expect(text).not.toContain(ANN.userId);
  }
});

test('letters that were exported before are left out; who is allowed again comes in', async () => {
  const stack = await single.open({ config: WITH_KEY });
  const { url } = await stack.startReady('receiver');
  await postBatch(url, [
    ...makeTracks(1, { ...ANN, type: 'unheard of' }),
    ...makeTracks(1, { type: 'unheard of' }),
  ]);
  const exported = await stack.cli('dead-letters', 'export');
  const file = join(dirname(stack.env.METERBRIDGE_CONFIG!), 'letters.jsonl');
  await writeFile(file, exported.output);
  expect(await stack.cli(...FORGET, '--refuse-later', '--yes')).toMatchObject({ code: 0 });
  const imported = await stack.cli('dead-letters', 'import', file, '--json');
  expect(JSON.parse(imported.output)).toMatchObject({ imported: 0, stillThere: 1, personRefused: 1 });
  expect(await isKept(stack)).toBe(false);
  await expectToRefuse(stack, url);

  // Under another key nothing can tell whose events they are: the list says so.
  await stack.writeConfig(`${CONFIG}\nprivacyKey: another-${KEY}\n`);
  expect((await stack.cli('forget', '--list')).output).toContain('under another privacyKey');
  const other = await stack.startReady('receiver');
  await waitFor(() => other.process.output().includes('refusals.of_another_key'), { what: 'the warning' });
  await stack.writeConfig(WITH_KEY);

  expect((await stack.cli(...FORGET, '--allow-again')).output).toContain('come in again');
  await waitFor(
    async () => {
      await postBatch(url, makeTracks(1, ANN));
      return isKept(stack);
    },
    { what: 'an event of the person to be taken' },
  );
  expect((await stack.cli('forget', '--list')).output).toContain('Nobody is refused');
});

test('without a key nobody is refused, and it says what to write', async () => {
  const stack = await single.open();
  // Before it asks whether it shall be done.
  expect(await stack.cli(...FORGET, '--refuse-later')).toMatchObject({
    code: 1,
    output: expect.stringMatching(/privacyKey: \$\{METERBRIDGE_PRIVACY_KEY\}[\s\S]*openssl rand -hex 32/),
  });
  expect(await stack.cli(...FORGET, '--refuse-later', '--allow-again')).toMatchObject({ code: 2 });
});

test('in a cluster every receiver knows, and it is not done while one has not said so', async () => {
  const stack = await cluster.open({ config: `${WITH_KEY}redis: { shards: 2 }\n` });
  const receivers = [await stack.startReady('receiver'), await stack.startReady('receiver')];
  for (const { url } of receivers) await postBatch(url, [...makeTracks(4, ANN), ...makeTracks(1)]);
  // It lives by its word, and hears nothing.
  receivers[0]!.process.signal('SIGSTOP');
  const asked = stack.start('cli', [...FORGET, '--refuse-later', '--yes']);
  await waitFor(() => asked.output().includes('do not know yet whom to refuse'), { what: 'the wait' });
  receivers[0]!.process.signal('SIGCONT');
  expect((await asked.exited).code).toBe(0);
  for (const { url } of receivers) await expectToRefuse(stack, url);
  expect(await stack.account()).toMatchObject({ discarded: 8, inFlight: 2, difference: 0 });
});
