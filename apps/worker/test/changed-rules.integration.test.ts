import { expect, test } from '@jest/globals';
import { useRedis, waitFor } from '@meterbridge/testing';
import { expireLocks } from '../../cli/test/expire-locks.js';
import { makeTracks, sendAll } from '../../cli/test/retrying-client.js';
import { type Stack, useStack } from '../../cli/test/run-stack.js';

/*
 * What may have arrived is sent again as it was, whatever the configuration says by then: other bytes would be
 * another usage event, and a second line on somebody's bill.
 */

const suite = useRedis();
const stacks = useStack(suite);

const configOf = (rules: string) => `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    timeoutMs: 1000
    limit: { requestsPerSecond: 200, concurrency: 4 }
    rules:
${rules}
`;
const BY_USER = configOf('      - { name: calls, code: api_call, subscription: userId }');
const BY_ACCOUNT = '{ name: calls, code: api_call, subscription: properties.account }';

const CHANGES: [what: string, rules: string][] = [
  ['bills somebody else', `      - ${BY_ACCOUNT}`],
  ['is renamed', `      - ${BY_ACCOUNT.replace('calls', 'renamed')}`],
  ['is gone', `      - ${BY_ACCOUNT.replace('calls', 'other').replace('api_call', 'other_call')}`],
  ['cannot map it', '      - { name: calls, code: api_call, subscription: properties.none }'],
];

const tracks = () => makeTracks(100, { properties: { account: 'somebody-else', tokens: 1 } });

/** Whom Lago would bill, and how many events each. */
function billed({ sandbox }: Stack): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { owner } of sandbox.lago.ledger.entries()) {
    counts[owner ?? ''] = (counts[owner ?? ''] ?? 0) + 1;
  }
  return counts;
}

test.each(CHANGES)(
  'the rule %s after a worker was killed between the API and its settlement',
  async (_what, rules) => {
    const stack = await stacks.open({ config: BY_USER });
    const receiver = await stack.startReady('receiver');
    const sent = tracks();
    await sendAll(receiver.url, sent);
    stack.sandbox.lago.faults.add({ times: 'always', afterStoring: true, hang: true });
    const first = await stack.startReady('worker');
    await waitFor(() => stack.sandbox.lago.ledger.size === 100, { what: 'the API to have them' });
    const before = billed(stack);
    first.process.signal('SIGKILL');
    await first.process.exited;

    await stack.writeConfig(configOf(rules));
    stack.sandbox.lago.faults.clear();
    await expireLocks(stack.redis);
    await stack.startReady('worker');
    await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'them to be settled' });
    expect(await stack.account('lago')).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
    expect(billed(stack)).toEqual(before);
    expect(stack.sandbox.lago.ledger.size).toBe(100);
  },
);

test.each(CHANGES)(
  'the rule %s after the answers were lost, and the worker was stopped',
  async (_what, rules) => {
    const stack = await stacks.open({ config: BY_USER });
    const receiver = await stack.startReady('receiver');
    await sendAll(receiver.url, tracks());
    stack.sandbox.lago.faults.add({ times: 'always', afterStoring: true, cut: 'before' });
    const first = await stack.startReady('worker');
    await waitFor(
      async () => stack.sandbox.lago.ledger.size === 100 && (await stack.account('lago')).jobs.delayed > 0,
      { what: 'the failed attempt to be written down' },
    );
    const before = billed(stack);
    first.process.signal('SIGTERM');
    await first.process.exited;

    await stack.writeConfig(configOf(rules));
    stack.sandbox.lago.faults.clear();
    await stack.startReady('worker');
    await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'them to be settled' });
    expect(await stack.account('lago')).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
    expect(billed(stack)).toEqual(before);
  },
);

test('what was never sent follows the new rule, also where a worker had it in hand and was stopped', async () => {
  const stack = await stacks.open({ config: BY_USER });
  const receiver = await stack.startReady('receiver');
  stack.sandbox.lago.faults.add({
    times: 'always',
    respond: { status: 401, body: { status: 401, error: 'Unauthorized' } },
  });
  const first = await stack.startReady('worker');
  await sendAll(receiver.url, tracks());
  await waitFor(async () => (await stack.account('lago')).jobs.active > 0, { what: 'them to be in hand' });
  first.process.signal('SIGTERM');
  await first.process.exited;
  expect(stack.sandbox.lago.ledger.size).toBe(0);

  await stack.writeConfig(configOf(CHANGES[0]![1]));
  stack.sandbox.lago.faults.clear();
  await stack.startReady('worker');
  expect((await stack.cli('resume', 'lago')).code).toBe(0);
  await waitFor(async () => (await stack.account('lago')).inFlight === 0, { what: 'them to be settled' });
  expect(await stack.account('lago')).toMatchObject({ accepted: 100, delivered: 100, difference: 0 });
  expect(billed(stack)).toEqual({ 'somebody-else': 100 });
});
