import { expect, test } from '@jest/globals';
import { countOpenFindings, readFindings } from '@meterbridge/queue';
import { signLagoWebhook } from '@meterbridge/sandbox';
import { useRedis, waitFor } from '@meterbridge/testing';
import { useRedisWays } from '../../../packages/queue/test/redis-way.js';
import { makeTracks } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { CONFIG, LAGO_KEY } from './stack-config.js';

const HOOK_KEY = 'lago-hmac-sample-3e7f10c2';
const WITH_KEY = CONFIG.replace('type: lago\n', `type: lago\n    webhookKey: \${LAGO_WEBHOOK_KEY}\n`);
const HOOK = '/v1/lago/lago/webhooks';

const openWay = useRedisWays();
const suite = useRedis();
const stacks = useStack(suite);

async function open(config = WITH_KEY): Promise<Stack> {
  const stack = await stacks.open({
    config,
    sandbox: {
      lago: { apiKey: LAGO_KEY, store: 'postgres', metrics: { other: { aggregation: 'count_agg' } } },
    },
  });
  stack.env.LAGO_WEBHOOK_KEY = HOOK_KEY;
  return stack;
}

const report = (lists: object) => JSON.stringify({ webhook_type: 'events.errors', events_errors: lists });

async function post(url: string, body: string, uniqueKey?: string): Promise<number> {
  const headers = signLagoWebhook(body, { hmacKey: HOOK_KEY }, uniqueKey);
  const response = await fetch(url + HOOK, { method: 'POST', body, headers });
  await response.text();
  return response.status;
}

/** What is found of the ids, each with when first. */
async function found({ redis }: Stack) {
  return (await readFindings(redis, 'lago')).map(({ usageId, at }) => ({ usageId, at }));
}

test('what Lago takes and does not bill is found, told, waived and resolved', async () => {
  const stack = await open();
  const tracks = makeTracks(3);
  await stack.settle(tracks);
  const [receiver, worker] = [await stack.startReady('receiver'), await stack.startReady('worker')];
  const target = { url: receiver.url + HOOK, signing: { hmacKey: HOOK_KEY } };
  expect(await stack.sandbox.lago.sendEventsErrors(target)).toBe(200);

  const ids = tracks.map(({ messageId }) => messageId);
  const list = await stack.cli('findings', 'list', '--json');
  const lines = list.output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; usageId: string; kind: string });
  expect(lines.map(({ usageId }) => usageId).toSorted()).toEqual(ids.toSorted());
  expect(lines[0]).toMatchObject({ destination: 'lago', kind: 'invalid_code' });
  const status = await stack.cli('status');
  expect(status.output.replace(/\s+/g, ' ')).toContain('lago: took 3 usage events that it does not bill');
  const gauge = async () => {
    const text = await (await fetch(`${worker.url}/metrics`)).text();
    return /meterbridge_findings_open\{destination="lago",kind="invalid_code"\} (\d+)/.exec(text)?.[1];
  };
  expect(await gauge()).toBe('3');
  expect(await (await fetch(`${receiver.url}/metrics`)).text()).toContain(
    'meterbridge_destination_webhooks_total{destination="lago",outcome="kept"} 1',
  );

  const [one, other, last] = lines.map(({ id }) => id) as [string, string, string];
  const waived = await stack.cli('findings', 'waive', one, other, '--because', 'a test', '--as', 'ops');
  expect(waived).toMatchObject({ code: 0, output: expect.stringContaining('2 findings are waived.') });
  const resolved = await stack.cli('findings', 'resolve', last, '--as', 'ops', '--json');
  expect(JSON.parse(resolved.output)).toEqual({ resolved: [{ destination: 'lago', id: last }] });
  expect(await gauge()).toBe('0');
  const table = await stack.cli('findings', 'list');
  expect(table.output).toMatch(/waived by ops, .*: a test/);
  expect((await stack.cli('findings', 'list', '--resolved')).output).toContain('resolved by ops, ');
  expect((await stack.cli('status')).output).not.toContain('does not bill');
  // All of them, or none.
  const none = await stack.cli('findings', 'resolve', one, last);
  expect(none).toMatchObject({ code: 1, output: expect.stringContaining(`no finding ${last}`) });
  expect(await found(stack)).toHaveLength(2);
});

test('a receiver killed between keeping a report and answering it: the same report again adds nothing', async () => {
  const stack = await open();
  const way = await openWay(Number(new URL(suite.url).port));
  stack.env.REDIS_URL = way.url;
  const { url, process: killed } = await stack.startReady('receiver', { isFresh: true });
  const body = report({ invalid_code: ['a', 'b'] });
  // Redis takes the findings, and the receiver does not hear of it.
  way.swallowAnswers();
  const answering = post(url, body, 'one').catch(() => 'none');
  await waitFor(async () => (await found(stack)).length === 2, { what: 'findings that are kept' });
  killed.signal('SIGKILL');
  await killed.exited;
  expect(await answering).not.toBe(200);
  const before = await found(stack);

  stack.env.REDIS_URL = suite.url;
  const { url: next } = await stack.startReady('receiver');
  expect(await post(next, body, 'one')).toBe(200);
  expect(await found(stack)).toEqual(before);
  expect(await countOpenFindings(stack.redis, 'lago')).toEqual(new Map([['invalid_code', 2]]));
});

test('while Redis is away it is answered 503, and taken when it comes again', async () => {
  const stack = await open();
  const { url } = await stack.startReady('receiver');
  const body = report({ invalid_code: ['a'] });
  await suite.redis.kill('SIGKILL');
  try {
    await waitFor(async () => (await post(url, body, 'one')) === 503, { what: 'a report that is refused' });
  } finally {
    await suite.redis.restart();
  }
  await waitFor(async () => (await post(url, body, 'one')) === 200, { what: 'a report that is taken' });
  expect(await found(stack)).toHaveLength(1);
});

test('fifty thousand ids are kept, those that would command a terminal too, and shown as what they are', async () => {
  const stack = await open();
  const { url, process } = await stack.startReady('receiver');
  const hostile = '\u001b[2J\u0007\u202e\u001b]0;owned\u0007';
  const ids = [hostile, ...Array.from({ length: 50_000 }, (_, at) => `2f5a1f7b-3f10-4a77-9c57-${at}`)];
  expect(await post(url, report({ missing_aggregation_property: ids }), 'one')).toBe(200);
  expect(await countOpenFindings(stack.redis, 'lago')).toEqual(
    new Map([['missing_aggregation_property', 50_001]]),
  );
  for (const args of [[], ['--json']]) {
    const { output } = await stack.cli('findings', 'list', '--limit', '60000', ...args);
    for (const command of ['\u001b[2J', '\u0007', '\u202e']) expect(output).not.toContain(command);
    expect(output).toContain('2f5a1f7b-3f10-4a77-9c57-49999');
  }
  // Refused, and nothing of it in the log.
  const wrong = await fetch(url + HOOK, { method: 'POST', body: report({ invalid_code: ['never-logged'] }) });
  expect(wrong.status).toBe(401);
  await waitFor(() => process.output().includes('"outcome":"refused"'), { what: 'a line of the log' });
  expect(process.output()).not.toMatch(/never-logged|lago-hmac-sample/);
});
