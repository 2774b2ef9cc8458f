import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';
import { CONFIG } from '../../cli/test/stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);

const configOf = (rule: string) => `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    rules:
      - { name: ${rule}, code: api_call, subscription: { value: sub-${rule} } }
`;

type Running = Awaited<ReturnType<Stack['startReady']>>;

async function hashOf({ url }: Running): Promise<string> {
  return ((await (await fetch(`${url}/healthz`)).json()) as { config: string }).config;
}

/** Has some of the processes take a configuration. */
async function apply(stack: Stack, text: string, ...running: Running[]): Promise<void> {
  await stack.writeConfig(text);
  for (const each of running) {
    const before = await hashOf(each);
    each.process.signal('SIGHUP');
    await waitFor(async () => (await hashOf(each)) !== before, { what: 'the configuration to be in force' });
  }
}

const owners = ({ sandbox }: Stack) => [
  ...new Set([...sandbox.lago.ledger.entries()].map(({ owner }) => owner)),
];

test('a worker that is behind the receiver maps what it has no rule for by the rules of the receiver', async () => {
  const stack = await stacks.open({ config: configOf('calls') });
  const receiver = await stack.startReady('receiver');
  await stack.startReady('worker');
  await apply(stack, configOf('renamed'), receiver);
  await sendAll(receiver.url, makeTracks(100));
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'them to be settled' });
  expect(await stack.account('lago')).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(owners(stack)).toEqual(['sub-renamed']);
  // Both say so.
  const { output } = await stack.cli('status', '--json');
  const { processes } = JSON.parse(output) as { processes: { role: string; config: string }[] };
  expect(new Set(processes.map(({ config }) => config)).size).toBe(2);
});

test('what was accepted under a rule that was removed is not buried: it waits for the rule, and status names it', async () => {
  const stack = await stacks.open({ config: configOf('calls') });
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  expect((await stack.cli('hold', 'lago', '--reason', 'a test')).code).toBe(0);
  // It hears of it within a fifth of a second.
  await waitFor(() => worker.process.output().includes('destination.held'), { what: 'the worker to hold' });
  await sendAll(receiver.url, makeTracks(100));
  await apply(stack, configOf('other'), receiver, worker);
  expect((await stack.cli('resume', 'lago')).code).toBe(0);
  await waitFor(() => worker.process.output().includes('rules.removed'), { what: 'the alarm' });
  await waitFor(async () => (await stack.account('lago')).jobs.delayed > 0, { what: 'them to be put back' });
  expect(await stack.account('lago')).toMatchObject({ inFlight: 100, dead: 0, delivered: 0, difference: 0 });
  const { output } = await stack.cli('status');
  expect(output).toContain('lago: deliveries wait for the rule calls');

  await apply(stack, configOf('calls'), worker);
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'them to be settled' });
  expect(await stack.account('lago')).toMatchObject({ delivered: 100, dead: 0, difference: 0 });
  expect(owners(stack)).toEqual(['sub-calls']);
});

test('a destination that was removed is drained before it is left', async () => {
  const stack = await stacks.open();
  const receiver = await stack.startReady('receiver');
  const worker = await stack.startReady('worker');
  expect((await stack.cli('hold', 'hyperline', '--reason', 'a test')).code).toBe(0);
  await waitFor(() => worker.process.output().includes('destination.held'), { what: 'the worker to hold' });
  await sendAll(receiver.url, makeTracks(100));
  await apply(stack, CONFIG.slice(0, CONFIG.indexOf('  - name: hyperline')), receiver, worker);
  await sendAll(receiver.url, makeTracks(100));
  await waitFor(async () => (await stack.account('lago')).delivered === 200, { what: 'the other one' });
  expect(await stack.account('hyperline')).toMatchObject({ accepted: 100, inFlight: 100 });
  expect((await stack.cli('status')).output).toContain('hyperline: is in no configuration any more');
  await stack.writeConfig(CONFIG);
  expect((await stack.cli('resume', 'hyperline')).code).toBe(0);
  await waitFor(() => worker.process.output().includes('destination.drained'), { what: 'it to be drained' });
  expect(await stack.account('hyperline')).toMatchObject({ delivered: 100, inFlight: 0, difference: 0 });
});
