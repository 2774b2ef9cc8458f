import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { useClosing, useRedis } from '@meterbridge/testing';
import { makeTracks, sendAll } from './retrying-client.js';
import { type Stack, useStack } from './run-stack.js';
import { LAGO_KEY } from './stack-config.js';

const suite = useRedis();
const stacks = useStack(suite);
const closing = useClosing();

type Line = { level: string; what: string; detail: string };

function configWith(rules: string): string {
  return `
sources:
  - { name: backend, writeKey: "\${SEGMENT_WRITE_KEY}" }
destinations:
  - name: lago
    type: lago
    url: \${LAGO_API_URL}
    apiKey: \${LAGO_API_KEY}
    rules:
${rules.replace(/^/gm, '      ')}
`;
}

/** More than a page of them, those that matter on the second. */
const METRICS = {
  ...Object.fromEntries(
    Array.from({ length: 120 }, (_, index) => [`other-${index}`, { aggregation: 'count_agg' as const }]),
  ),
  api_call: { aggregation: 'sum_agg' as const, field: 'tokens' },
  login: { aggregation: 'count_agg' as const },
};

const PLANS = { all: { charges: Object.keys(METRICS).map((code) => ({ billable_metric_code: code })) } };
const LAGO = { apiKey: LAGO_KEY, store: 'postgres' as const, metrics: METRICS, plans: PLANS };

async function check(stack: Stack): Promise<{ code: number | null; byLevel: Record<string, string[]> }> {
  const { code, output } = await stack.cli('check', '--json');
  const lines = (JSON.parse(output) as Line[]).filter(({ what }) => what.startsWith('lago, '));
  const byLevel: Record<string, string[]> = { ok: [], warn: [], fail: [] };
  for (const { level, what, detail } of lines) byLevel[level]!.push(`${what}: ${detail}`);
  return { code, byLevel };
}

test('rules are held against the metrics that Lago has, over all pages', async () => {
  const config = configWith(`
- { name: calls, when: event = "Call", code: api_call, subscription: userId, properties: { tokens: { path: properties.tokens, as: number } } }
- { name: logins, when: event = "Login", code: login, subscription: userId }
- { name: typo, when: event = "Typo", code: api_cal, subscription: userId }
- { name: fieldless, when: event = "Bare", code: api_call, subscription: userId }
- { name: named-by-event, when: 'event in ["A", "B"]', subscription: userId }`);
  const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
  const { code, byLevel } = await check(stack);
  expect(byLevel).toEqual({
    ok: [
      expect.stringMatching(/^lago, events store: postgres: a 200 means stored; /),
      expect.stringContaining('rule calls: api_call, sum_agg of tokens'),
      'lago, rule logins: login, count_agg',
    ],
    fail: [expect.stringContaining('"api_cal"'), expect.stringContaining('fieldless: api_call')],
    warn: [expect.stringContaining('rule named-by-event')],
  });
  expect(code).toBe(1);
  // One for the connection, one for the store, one for the plans; the metrics are two pages.
  expect(stack.sandbox.lago.inspect().byStatus).toEqual({ 422: 1, 200: 4 });
  expect(stack.sandbox.lago.ledger.size).toBe(0);
});

test('rules that could take one event under one id are a failure that says which to change', async () => {
  const config = configWith(`
- { name: calls, when: type = "track", code: login, subscription: userId }
- { name: more-calls, when: event = "Call", code: login, subscription: userId }
- { name: suffixed, when: event = "Call", code: login, subscription: userId, transactionIdSuffix: ":s" }
- { name: pages, when: type = "page", code: login, subscription: userId }`);
  const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
  const { code, byLevel } = await check(stack);
  expect(byLevel.fail).toEqual([
    expect.stringMatching(
      /^lago, rule more-calls: may take .* as rule calls .*transactionIdSuffix: ":more-calls"/,
    ),
    // Nothing keeps a page call from having an `event` of its own.
    expect.stringMatching(/^lago, rule pages: .* as rule more-calls .*\. Neither has delivered yet$/),
  ]);
  // What else there is to say of them is said all the same.
  expect(byLevel.ok).toHaveLength(5);
  expect(code).toBe(1);
});

/** What Lago takes with a 200 and bills wrongly or never; each with a brother that it bills. */
const J6 = {
  apiKey: LAGO_KEY,
  store: 'postgres' as const,
  knownSubscriptions: ['sub-1'],
  metrics: {
    seats: { aggregation: 'unique_count_agg' as const, field: 'user' },
    unplanned: { aggregation: 'count_agg' as const },
    tokens: {
      aggregation: 'sum_agg' as const,
      field: 'n',
      filters: [{ key: 'region', values: ['eu', 'us'] }],
    },
    priced: { aggregation: 'count_agg' as const },
    own: { aggregation: 'custom_agg' as const, field: 'n' },
    hours: { aggregation: 'sum_agg' as const, field: 'h', expression: 'event.properties.end' },
  },
  plans: {
    gold: {
      charges: [
        { billable_metric_code: 'seats' },
        {
          billable_metric_code: 'tokens',
          filters: [{ values: { region: ['eu'] }, properties: { amount: '2' } }],
        },
        { billable_metric_code: 'priced', charge_model: 'dynamic' },
        { billable_metric_code: 'own' },
        { billable_metric_code: 'hours' },
      ],
    },
  },
};

/** By a rule's name: what it sends, and what is said of it; null where that is that all is well. */
const SAID: [rule: string, sends: string, level: 'ok' | 'warn' | 'fail', words: string][] = [
  [
    'op',
    'code: seats, properties: { "*": properties, user: { path: userId, as: string } }',
    'warn',
    'operation_type is sent',
  ],
  [
    'op-add',
    'code: seats, properties: { operation_type: { value: add }, user: { path: userId, as: string } }',
    'ok',
    'unique_count_agg of user',
  ],
  ['mask', 'code: seats, properties: { user: { path: userId, mask: true } }', 'fail', 'masked'],
  [
    'hash',
    'code: seats, properties: { user: { path: userId, hash: sha256 } }',
    'ok',
    'unique_count_agg of user',
  ],
  ['untyped', 'code: seats, properties: { user: userId }', 'warn', 'as: string'],
  ['constant', 'code: seats, properties: { user: { value: x } }', 'fail', 'never more than 1'],
  ['unplanned', 'code: unplanned', 'fail', 'in no charge of any plan'],
  ['no-key', 'code: tokens, properties: { n: { path: properties.n, as: number } }', 'fail', 'does not send'],
  [
    'key',
    'code: tokens, properties: { n: { path: properties.n, as: number }, region: properties.region }',
    'ok',
    'sum_agg of n',
  ],
  [
    'bad-key',
    'code: tokens, properties: { n: { path: properties.n, as: number }, region: { value: mars } }',
    'fail',
    'no price for region mars',
  ],
  [
    'masked-key',
    'code: tokens, properties: { n: { path: properties.n, as: number }, region: { path: properties.region, mask: true } }',
    'fail',
    'masked or hashed',
  ],
  ['free', 'code: priced', 'fail', 'preciseTotalAmountCents'],
  ['priced', 'code: priced, preciseTotalAmountCents: properties.cents', 'ok', 'count_agg'],
  ['own', 'code: own', 'warn', 'code of your own'],
  ['no-variable', 'code: hours', 'fail', 'reads end'],
  ['variable', 'code: hours, properties: { end: properties.end }', 'ok', 'by the expression'],
];

test('what Lago would take and bill wrongly or never is said, rule by rule', async () => {
  const rules = SAID.map(
    ([name, sends]) => `- { name: ${name}, when: event = "${name}", subscription: userId, ${sends} }`,
  );
  const subscriptions = ['sub-1', 'sub-2'].map(
    (id) => `- { name: to-${id}, when: event = "${id}", subscription: { value: ${id} }, code: own }`,
  );
  const stack = await stacks.open({
    config: configWith([...rules, ...subscriptions].join('\n')),
    sandbox: { lago: J6 },
  });
  const { code, output } = await stack.cli('check', '--json');
  const lines = JSON.parse(output) as Line[];
  const saidOf = (rule: string) => lines.filter(({ what }) => what === `lago, rule ${rule}`);
  for (const [rule, , level, words] of SAID) {
    const said = saidOf(rule);
    expect({ rule, said }).toEqual({
      rule,
      said: expect.arrayContaining([
        expect.objectContaining({ level, detail: expect.stringContaining(words) }),
      ]),
    });
    if (level === 'ok') expect(said).toHaveLength(1);
  }
  expect(saidOf('to-sub-1')).toMatchObject([{ level: 'warn' }]);
  expect(saidOf('to-sub-2')).toContainEqual(
    expect.objectContaining({ level: 'fail', detail: expect.stringContaining('no subscription "sub-2"') }),
  );
  expect(code).toBe(1);

  // A preview that asks says it of the rule that takes its event, and of no other.
  const file = join(dirname(stack.env.METERBRIDGE_CONFIG!), 'event.json');
  const ask = async (event: string) => {
    const properties = { n: 1, region: 'eu' };
    await writeFile(file, JSON.stringify({ type: 'track', messageId: 'm', event, userId: 'u', properties }));
    return stack.cli('preview', file, '--ask');
  };
  const never = await ask('unplanned');
  expect(never).toMatchObject({ code: 1, output: expect.stringContaining('✓ unplanned') });
  expect(never.output.match(/^[!✗] .*$/gm)).toEqual([
    expect.stringMatching(/^✗ lago, rule unplanned: .*in no charge of any plan/),
  ]);
  expect(await ask('key')).toMatchObject({ code: 0, output: expect.stringContaining('✓ Asked: ') });
});

test('plans that cannot be read are a warning, and metrics are checked all the same', async () => {
  const config = configWith('- { name: calls, code: login, subscription: userId }');
  const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/plans' },
    respond: { status: 403, body: { status: 403, error: 'Forbidden' } },
  });
  expect(await check(stack)).toMatchObject({
    code: 0,
    byLevel: { ok: [expect.anything(), 'lago, rule calls: login, count_agg'], fail: [] },
  });
});

test('metrics that cannot be read are a warning that says so', async () => {
  const config = configWith('- { name: calls, code: login, subscription: userId }');
  const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/billable_metrics' },
    respond: { status: 403, body: { status: 403, error: 'Forbidden' } },
  });
  const { code, output } = await stack.cli('check');
  expect(output).toMatch(/^! lago: the billable metrics could not be read .*HTTP 403.*no code was checked$/m);
  expect(code).toBe(0);
});

test('where Lago keeps events is said with what follows, and where it cannot be known, that and why', async () => {
  const config = configWith('- { name: calls, code: login, subscription: userId }');
  const stack = await stacks.open({ config, sandbox: { lago: { ...LAGO, store: 'clickhouse' } } });
  const { code, output } = await stack.cli('check');
  expect(output).toMatch(/^✓ lago, events store: clickhouse: .*a repeat with another time is billed twice/m);
  expect(code).toBe(0);

  const answers: [object, string][] = [
    [{ status: 200, body: { organization: { name: 'Acme' } } }, 'Lago before 1.47.0 does not say'],
    [{ status: 403, body: { status: 403, error: 'Forbidden' } }, 'the API key lacks a permission (HTTP 403)'],
  ];
  for (const [respond, why] of answers) {
    const match = { path: '/api/v1/organizations' };
    stack.sandbox.lago.faults.set([{ match, respond: respond as { status: number } }]);
    expect(await check(stack)).toMatchObject({
      code: 0,
      byLevel: { warn: [`lago, events store: not known (${why})`] },
    });
  }
});

test('where a subscription is looked up, a key that may not read subscriptions is a failure', async () => {
  const config = configWith('- { name: calls, code: login, subscription: { lookup: customer } }');
  const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
  expect(await check(stack)).toMatchObject({
    code: 0,
    byLevel: {
      ok: [
        expect.stringContaining('events store'),
        'lago, subscriptions: can be read, for rules that look them up',
        expect.anything(),
      ],
    },
  });
  stack.sandbox.lago.faults.add({
    times: 'always',
    match: { path: '/api/v1/subscriptions' },
    respond: { status: 403, body: { status: 403, error: 'Forbidden' } },
  });
  expect(await check(stack)).toMatchObject({
    code: 1,
    byLevel: { fail: [expect.stringMatching(/^lago, subscriptions: cannot be read .*HTTP 403/)] },
  });
});

test.each([
  ['named', 'userId'],
  ['looked up', '{ lookup: customer, customer: userId }'],
])(
  'events that wait and come near what Lago can store are told of, their subscription %s',
  async (_how, subscription) => {
    const config = configWith(
      `- { name: calls, code: api_call, subscription: ${subscription}, properties: { tokens: properties.tokens, note: { path: properties.note, default: none } } }`,
    );
    const stack = await stacks.open({ config, sandbox: { lago: LAGO } });
    const receiver = await stack.startReady('receiver');
    const tracks = makeTracks(40).map((track, at) =>
      at % 10 === 0 ? { ...track, properties: { tokens: 1, note: 'x'.repeat(3_000) } } : track,
    );
    await sendAll(receiver.url, tracks);
    const { byLevel } = await check(stack);
    expect(byLevel.warn).toContainEqual(
      expect.stringMatching(/size of events: 4 of 40 that wait are large; the largest has 3,\d+ bytes/),
    );
  },
);

test('an API is asked through the proxy of the environment, and one of this machine is not', async () => {
  const stack = await stacks.open();
  const proxied: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    proxied.push(url!);
    const path = new URL(url!).pathname;
    const onward = request(new URL(path, stack.sandbox.lago.url), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  closing.push(() => proxy.close());
  stack.env.LAGO_API_URL = 'http://lago.nowhere/lago';
  stack.env.HTTP_PROXY = `http://user:hunter2-password@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { output } = await stack.cli('check');
  expect(output).toContain('lago (http://lago.nowhere/lago): URL and key are accepted');
  expect(output).toContain(`hyperline (${stack.sandbox.hyperline.url}): URL and key are accepted`);
  expect(proxied.length).toBeGreaterThan(0);
  expect(proxied.filter((url) => !url.startsWith('http://lago.nowhere/lago/api/v1/'))).toEqual([]);
  stack.env.http_proxy = 'socks5://user:hunter2-password@127.0.0.1:1';
  const { code, output: refused } = await stack.cli('check');
  expect(code).toBe(1);
  expect(refused).toMatch(/http_proxy: the URL of a proxy was expected/);
  expect(output + refused).not.toContain('hunter2');
});
