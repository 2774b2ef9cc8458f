import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import { LAGO_KEY } from '../../cli/test/stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const PATH = '/api/v1/organizations';

async function storeInStatus(stack: Stack): Promise<string | null> {
  const { output } = await stack.cli('status', '--json');
  const { places } = JSON.parse(output) as { places: { destination: string; eventsStore: string | null }[] };
  return places.find(({ destination }) => destination === 'lago')!.eventsStore;
}

/** A worker that has said what it was told, or why it was not. */
async function startTold(stack: Stack) {
  const worker = await stack.startReady('worker');
  const line = await waitFor(
    () =>
      worker.process
        .output()
        .split('\n')
        .find((each) => each.includes('"destination.events_store"')),
    { what: 'a word on the store' },
  );
  return { ...worker, line: JSON.parse(line!) as Record<string, unknown> };
}

test.each(['postgres', 'clickhouse'] as const)(
  'Lago on %s: in the log, in a metric, and for status',
  async (store) => {
    const stack = await stacks.open({ sandbox: { lago: { apiKey: LAGO_KEY, store } } });
    const { url, line } = await startTold(stack);
    expect(line).toMatchObject({ level: 'info', destination: 'lago', store, follows: expect.any(String) });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics.match(/^meterbridge_events_store\{.*$/gm)).toEqual([
      `meterbridge_events_store{destination="lago",store="${store}"} 1`,
    ]);
    await waitFor(async () => (await storeInStatus(stack)) === store, { what: 'the word in status' });
    expect((await stack.cli('status')).output).toContain(`lago: keeps events in ${store}\n`);
  },
);

test('a key that may not read it is a debug line, and what another worker was told does not stay', async () => {
  const stack = await stacks.open();
  await startTold(stack);
  await waitFor(async () => (await storeInStatus(stack)) === 'postgres', { what: 'the word in status' });
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: PATH },
    respond: { status: 403, body: { status: 403, error: 'Forbidden' } },
  });
  const { url, line } = await startTold(stack);
  expect(line).toMatchObject({
    level: 'debug',
    destination: 'lago',
    problem: expect.stringContaining('403'),
  });
  expect(await (await fetch(`${url}/metrics`)).text()).not.toContain('meterbridge_events_store{');
  await waitFor(async () => (await storeInStatus(stack)) === null, { what: 'no word in status' });
  expect((await stack.cli('status')).output).not.toContain('keeps events in');
});

test('an API that never answers keeps nobody waiting: events are delivered, and a worker ends when told', async () => {
  const stack = await stacks.open();
  stack.sandbox.lago.faults.add({ times: 'always', match: { path: PATH }, hang: true });
  const [receiver, worker] = await Promise.all([stack.startReady('receiver'), stack.startReady('worker')]);
  await sendAll(receiver.url, makeTracks(20));
  const { lago } = await stack.settled(20);
  expect(lago).toMatchObject({ delivered: 20, difference: 0 });
  expect(stack.sandbox.lago.faults.fired).toBe(1);
  worker.process.signal('SIGTERM');
  expect(await worker.process.exited).toEqual({ code: 0, signal: null });
});
