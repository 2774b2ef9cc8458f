// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's placeholders are written so
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { expect, test } from '@jest/globals';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { configJsonSchema } from './file-schema.js';
import { loadConfig, parseConfig } from './load-config.js';
import { describeProblems, formatPath } from './problem.js';
import { secretsOf } from './secrets.js';

const root = new URL('../../../', import.meta.url);
const example = readFileSync(new URL('meterbridge.config.yaml', root), 'utf8');
const exampleEnv = parseEnv(readFileSync(new URL('.env.example', root), 'utf8'));

const env = { SEGMENT_WRITE_KEY: 'wk-1', LAGO_API_KEY: 'lago-key', HYPERLINE_API_KEY: 'hyper-key' };

function load(text: string, given: Record<string, string | undefined> = env) {
  const loaded = parseConfig(text, given);
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems, 'config'));
  return loaded.config;
}

function problemsOf(text: string, given: Record<string, string | undefined> = env) {
  const loaded = parseConfig(text, given);
  return loaded.ok ? [] : loaded.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const minimal = `
sources: [{ name: backend, writeKey: wk }]
destinations:
  - { name: lago, type: lago, apiKey: k, rules: [{ name: all, subscription: userId }] }
`;

test('the example loads as it is, with the variables of .env.example', () => {
  const config = load(example, exampleEnv);
  expect(config.destinations.map(({ name, type }) => [name, type])).toEqual([
    ['lago', 'lago'],
    ['hyperline', 'hyperline'],
  ]);
  expect(config.sources[0]).not.toHaveProperty('webhook');
});

test('the JSON Schema beside the example is the one of this code', () => {
  const written = readFileSync(new URL('meterbridge.schema.json', root), 'utf8');
  expect(JSON.parse(written)).toEqual(configJsonSchema());
});

test('.env.example names every variable of the example', () => {
  const named = [...example.matchAll(/\$\{([A-Z_]+)/g)]
    .map(([, name]) => name!)
    .filter((name) => name !== 'NAME');
  expect(Object.keys(exampleEnv)).toEqual(expect.arrayContaining(named));
});

test('everything else has a default', () => {
  expect(load(minimal)).toMatchObject({
    sources: [{ name: 'backend', writeKeys: ['wk'], integrationNames: [] }],
    receiver: { bodyBytes: 10_000_000, eventBytes: 32_768, maxEventFutureMs: 300_000 },
    redis: { url: 'redis://127.0.0.1:6379', allowDataLoss: false, maxMemoryShare: 0.8, refusedShare: 0.05 },
    retry: { giveUpAfterMs: 72 * 3_600_000 },
    receiverHost: '0.0.0.0',
    ports: { receiver: 4000, worker: 4001, console: 4002 },
    logLevel: 'info',
  });
});

test('the environment decides Redis, ports and the log level', () => {
  const given = {
    REDIS_URL: 'rediss://r:1',
    RECEIVER_HOST: '127.0.0.1',
    RECEIVER_PORT: '0',
    WORKER_PORT: '5001',
    LOG_LEVEL: 'debug',
  };
  expect(load(minimal, given)).toMatchObject({
    redis: { url: 'rediss://r:1' },
    receiverHost: '127.0.0.1',
    ports: { receiver: 0, worker: 5001, console: 4002 },
    logLevel: 'debug',
  });
});

test('an empty variable counts as none', () => {
  expect(load(minimal, { REDIS_URL: '', RECEIVER_PORT: '' }).ports.receiver).toBe(4000);
});

test('the file’s own Redis wins, and data loss is allowed in so many words only', () => {
  const redis = (text: string) => `${minimal}redis: ${text}`;
  const own = load(redis('{ url: redis://own, allowDataLoss: true }'), { REDIS_URL: 'redis://other' });
  expect(own.redis).toMatchObject({ url: 'redis://own', allowDataLoss: true });
  expect(problemsOf(redis('{ allowDataLoss: yes }'))).toEqual(['redis.allowDataLoss: expected true']);
});

test('routes by its rules', () => {
  const event = { type: 'identify', messageId: 'm', userId: 'u' } as SegmentEvent;
  expect(load(example, exampleEnv).route(event, 'backend')).toEqual([
    { destination: 'lago', rules: [] },
    { destination: 'hyperline', rules: ['users'] },
  ]);
});

test('several live keys and secrets, a header beside them', () => {
  const text = `
sources:
  - name: backend
    writeKeys: [new, old]
    writeKey: new
    webhookSecret: \${SECRET:-}
    webhookSecrets: [s1]
    webhook: { header: { name: X-Token, values: [t1, t2] }, acceptFirstEventSignature: true }
    integrations: [Meterbridge]
    privacy: { drop: [context.ip] }
destinations:
  - { name: lago, type: lago, apiKey: k, rules: [{ name: all, sources: [backend], subscription: userId }] }
`;
  const config = load(text);
  expect(config.sources[0]).toMatchObject({
    writeKeys: ['new', 'old'],
    webhook: {
      secrets: ['s1'],
      header: { name: 'X-Token', values: ['t1', 't2'] },
      acceptFirstEventSignature: true,
    },
    integrationNames: ['Meterbridge'],
  });
  expect(config.sources[0]!.applyPrivacy!({ context: { ip: '1.2.3.4', page: 1 } })).toEqual({
    context: { page: 1 },
  });
  expect(secretsOf(config)).toEqual(['new', 'old', 's1', 't1', 't2', 'k']);
});

test('the password of Redis is a secret, as written and as meant', () => {
  expect(secretsOf(load(minimal, { REDIS_URL: 'redis://u:p%40ss@r:1' }))).toEqual([
    'wk',
    'k',
    'p%40ss',
    'p@ss',
  ]);
});

test('so are those of a cluster and of Sentinels', () => {
  const secrets = (url: string) => secretsOf(load(minimal, { REDIS_URL: url })).slice(2);
  expect(secrets('redis-cluster://u:p%40ss@a:1,b:2')).toEqual(['p%40ss', 'p@ss']);
  expect(secrets('rediss-sentinel://:pw@a:1,b:2/billing?sentinelPassword=s%26')).toEqual([
    'pw',
    's%26',
    's&',
  ]);
  expect(secrets('redis-cluster://a:1,b:2')).toEqual([]);
});

test('a queue is in one shard, unless there are to be more', () => {
  const redis = (text: string) => `${minimal}redis: ${text}`;
  expect(load(minimal).redis.shards).toBe(1);
  expect(load(redis('{ shards: 6, url: "redis-cluster://a:1,b:2" }')).redis).toMatchObject({
    shards: 6,
    url: 'redis-cluster://a:1,b:2',
  });
  expect(problemsOf(redis('{ shards: 0 }'))).toEqual([expect.stringContaining('redis.shards: ')]);
  expect(problemsOf(redis('{ shards: 257 }'))).toEqual([expect.stringContaining('redis.shards: ')]);
  expect(problemsOf(redis('{ url: "redis-sentinel://a:1" }'))).toEqual([
    'redis.url: the name that the Sentinels know the master by was expected: …/<name>',
  ]);
});

test('numbers and booleans may come from the environment, and keys of digits stay text', () => {
  const text = minimal
    .replace(
      'apiKey: k',
      'apiKey: "${KEY}", limit: { batchSize: "${BATCH}", requestsPerSecond: "${RPS:-50}" }',
    )
    .concat('redis: { allowDataLoss: "${LOSS}" }');
  expect(problemsOf(text, { KEY: '123', BATCH: 'many', LOSS: 'false' })).toEqual([
    'destinations[0].limit.batchSize: expected a number; found text (from BATCH)',
    'redis.allowDataLoss: expected true (from LOSS)',
  ]);
  const config = load(text.replace(/redis:.*/, ''), { KEY: '123', BATCH: '20' });
  expect(config.destinations[0]).toMatchObject({
    apiKey: '123',
    limit: { batchSize: 20, requestsPerSecond: 50 },
  });
});

test('for those who connect to nothing keys need not be set; what decides about an event must be', () => {
  const text = minimal.replace('writeKey: wk', 'writeKey: "${WRITE_KEY}"');
  const keyed = text.replace('apiKey: k', 'apiKey: "${KEY}"');
  const loaded = parseConfig(keyed, { KEY: '' }, { allowUnset: true });
  expect(loaded).toMatchObject({ ok: true, unset: ['WRITE_KEY', 'KEY'] });
  const deciding = text.replace('subscription: userId', 'subscription: "${PATH}"');
  expect(parseConfig(deciding, {}, { allowUnset: true })).toEqual({
    ok: false,
    problems: [
      {
        path: ['destinations', 0, 'rules', 0, 'subscription'],
        message: 'the environment variable PATH is not set',
        line: 4,
      },
    ],
  });
  expect(problemsOf(text, {})).toEqual([
    'sources[0].writeKey: the environment variable WRITE_KEY is not set',
  ]);
});

test('says where in the file something stands, or would stand', () => {
  const loaded = parseConfig(example, exampleEnv);
  if (!loaded.ok) throw new Error('the example does not load');
  const lines = example.split('\n');
  const lineOf = (...path: (string | number)[]) => lines[loaded.lineOf(path)! - 1];
  expect(lineOf('destinations', 0, 'rules', 0)).toContain('- name: api-calls');
  expect(lineOf('destinations', 0, 'rules', 0, 'properties', 'tokens')).toContain('tokens: {');
  expect(lineOf('destinations', 0, 'rules', 0, 'preciseTotalAmountCents')).toContain('- name: api-calls');
  expect(lineOf('destinations', 1, 'rules', 1, 'record', 'work_email')).toContain('work_email:');
});

test('every problem is reported at once, with its line', () => {
  const text = `sources:
  - name: backend
    writekey: wk
    privacy: { drop: [messageId] }
  - name: backend
    writeKey: shared
  - name: other
    writeKey: shared
destinations:
  - name: lago
    type: lago
    apiKey: \${LAGO_KEY}
    limit: { requestsPerSecond: fast, batchsize: 5 }
    rules:
      - name: a
        when: type = = "track"
        sources: [nowhere]
        subscription: properties..id
        properties: { tokens: { path: properties.tokens, as: integer } }
  - name: Lago!
    type: stripe
retrys: 3
`;
  const loaded = parseConfig(text, { LOG_LEVEL: 'loud' });
  expect(loaded.ok).toBe(false);
  if (loaded.ok) return;
  const found = loaded.problems.map(({ path, line, message }) => `${line} ${formatPath(path)}: ${message}`);
  expect(found.toSorted()).toEqual(
    [
      'undefined LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent',
      '3 sources[0].writekey: unknown key; did you mean writeKey?',
      '4 sources[0].privacy.drop[0]: messageId is needed to bill the event and cannot be taken',
      '5 sources[1].name: this name is taken already',
      '7 sources[2]: shares a write key with sources[1]',
      '12 destinations[0].apiKey: the environment variable LAGO_KEY is not set',
      '13 destinations[0].limit.batchsize: unknown key; did you mean batchSize?',
      '13 destinations[0].limit.requestsPerSecond: expected a number above 0, up to 10000, or unlimited; to send nothing for a while, hold the destination',
      '16 destinations[0].rules[0].when: line 1, column 8: found "=", expected a field, a value, a function or "("',
      '17 destinations[0].rules[0].sources[0]: no source has this name',
      '18 destinations[0].rules[0].subscription: a path needs a key between its dots',
      '19 destinations[0].rules[0].properties.tokens.as: expected one of "number"|"string"|"boolean"|"timestamp"',
      '21 destinations[1].type: expected lago or hyperline',
      '22 retrys: unknown key; did you mean retry?',
    ].toSorted(),
  );
});

test.each([
  ['an object with neither path nor value', '{ as: number }', 'path: expected'],
  [
    'a number',
    '5',
    'expected a path, a list of paths, or { path: … }; the same for every event is { value: … }',
  ],
  ['a misspelt key', '{ path: userId, maks: true }', 'maks: unknown key; did you mean mask?'],
  ['mask and hash', '{ path: userId, mask: true, hash: sha256 }', 'choose mask or hash, not both'],
])('%s is no value rule, and says so', (_, rule, message) => {
  const problems = problemsOf(minimal.replace('subscription: userId', `subscription: ${rule}`));
  expect(problems.join('\n')).toContain(message);
});

test.each([['${}'], ['${lower case}'], ['${1X}'], ['${OPEN']])('%s is no variable', (placeholder) => {
  expect(problemsOf(minimal.replace('apiKey: k', `apiKey: '${placeholder}'`))).toEqual([
    'destinations[0].apiKey: not a variable; write ${NAME}, ${NAME:-default} or ${file:/path}',
  ]);
});

test.each([
  [
    'a filter',
    'when: evnt = "API Call"',
    'when: line 1, column 1: found evnt, which no event of Segment has',
  ],
  ['a call type', 'when: type = "Track"', 'when: line 1, column 8: found a string that type never is'],
  [
    'both',
    'when: type = "track" and type = "page"',
    'when: line 1, column 20: found type = "…", which excludes',
  ],
  ['a value', 'code: { path: propertes.kind }', 'code.path: found propertes, which no event of Segment has'],
  [
    'one of several',
    'subscription: [userId, contxt.groupId]',
    'subscription[1]: found contxt, which no event',
  ],
  ['a property', 'properties: { a: tokens }', 'properties.a: found tokens, which no event'],
  ['all properties', 'properties: { "*": propertes }', 'properties.*: found propertes, which no event'],
])('%s that can never match is refused, with its rule', (_, part, message) => {
  const text = minimal
    .replace('subscription: userId', '')
    .replace(
      '{ name: all,',
      `\n      { name: all, ${part}, ${part.startsWith('sub') ? '' : 'subscription: userId'}`,
    );
  expect(problemsOf(text)).toEqual([expect.stringContaining(`destinations[0].rules[0].${message}`)]);
});

test('a privacy rule whose path no event has would leave in place what it is to take', () => {
  const privacy = (path: string) =>
    minimal.replace('writeKey: wk', `writeKey: wk, privacy: { drop: [${path}] }`);
  expect(problemsOf(privacy('contxt.ip'))).toEqual([
    expect.stringMatching(/^sources\[0\]\.privacy\.drop\[0\]: found contxt, .*did you mean context\.ip\?/),
  ]);
  expect(problemsOf(privacy('writeKey'))).toEqual([]);
  expect(problemsOf(privacy("'\\tenant.ip'"))).toEqual([]);
});

test('what stands in .env.example is refused beside a real key, by the name of its variable', () => {
  const found = problemsOf(example, { ...env, SEGMENT_WRITE_KEY: 'change-me' } as Record<string, string>);
  expect(found).toEqual([
    'sources[0].writeKey: a placeholder that anyone can guess, beside a real key in destinations[0]; replace it (from SEGMENT_WRITE_KEY)',
  ]);
  const given = { SEGMENT_WRITE_KEY: 'change-me', LAGO_API_KEY: 'lago-key' };
  expect(parseConfig(example, given, { allowUnset: true }).ok).toBe(true);
  expect(problemsOf(minimal.replace('wk', 'change-me').replace('apiKey: k', 'apiKey: "${KEY}"'))).toEqual([
    'destinations[0].apiKey: the environment variable KEY is not set',
  ]);
});

test('a byte order mark is no part of the first key', () => {
  expect(problemsOf(`\u{feff}${minimal.trimStart()}`)).toEqual([]);
});

test('no problem shows a value', () => {
  const text = minimal.replace('apiKey: k', 'apiKey: "top secret", url: "https://me:hunter2@lago"');
  const broken = 'sources: [{ name: backend, writeKey: hunter2 hunter2: x\n  hunter2';
  const shown = [
    ...problemsOf(text),
    ...problemsOf(broken),
    ...problemsOf(minimal, { REDIS_URL: 'hunter2' }),
  ];
  expect(shown.length).toBeGreaterThanOrEqual(4);
  expect(shown.join('\n')).not.toMatch(/hunter2|top secret/);
});

test('a file that is not there is a problem, not a crash', () => {
  expect(loadConfig({ file: '/nowhere/meterbridge.config.yaml', env })).toEqual({
    ok: false,
    problems: [{ path: [], message: 'cannot be read (ENOENT)' }],
  });
});

test.each([[''], ['- a'], ['just text'], ['null']])('%p is no configuration', (text) => {
  expect(problemsOf(text)).toEqual([expect.stringMatching(/^: expected keys with their values; found /)]);
});

test('a placeholder that YAML cannot read has its remedy named', () => {
  expect(problemsOf(minimal.replace('apiKey: k', 'apiKey: ${KEY}'))).toEqual([
    expect.stringMatching(/^: not YAML: .*write "\$\{NAME\}" with quotes$/),
  ]);
});

test('an alias of aliases is refused', () => {
  const bomb = Array.from(
    { length: 12 },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? '1'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join(', ')
      }]`,
  );
  expect(problemsOf(bomb.join('\n'))).toEqual([': not YAML: aliases without an end']);
});

test('a destination may not be called as the receiver is in Redis', () => {
  const loaded = parseConfig('sources: []\ndestinations:\n  - { name: receiver, type: lago }\n', {});
  const found = loaded.ok
    ? []
    : loaded.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`);
  expect(found).toContain('destinations[0].name: this name is taken by the receiver itself');
});

test('a template names places in the event, not variables', () => {
  const id = '{ template: "${context.groupId | userId}:${userId}" }';
  const config = load(
    minimal.replace(
      'subscription: userId',
      `subscription: ${id}, properties: { a: { template: "${'${'}event}" } }`,
    ),
  );
  expect(config.destinations[0]!.rules[0]).toMatchObject({
    subscription: { template: '${context.groupId | userId}:${userId}' },
    properties: { a: { template: '${event}' } },
  });
});

test('a constant has the digits that are written, in quotes or not', () => {
  for (const written of ['0.1234567890123456789', '"0.1234567890123456789"']) {
    const config = load(
      minimal.replace(
        'subscription: userId',
        `subscription: userId, properties: { a: { value: ${written} } }`,
      ),
    );
    expect(config.destinations[0]!.rules[0]).toMatchObject({
      properties: { a: { value: '0.1234567890123456789' } },
    });
  }
});

test.each([
  [
    'code: { value: api_call }',
    'code: expected the code as it is, without { value: … }, as in code: api_call',
  ],
  ['code: 5', 'code: expected text: put the code in quotes'],
  [
    'code: { path: evnt }',
    'code.path: found evnt, which no event of Segment has at its root; did you mean event?',
  ],
  ['when: type = track', 'or in quotes, where it is text'],
  ['when:', 'when: expected text; found nothing'],
  ['properties: { model: small }', 'or { value: … }, where it is the same for every event'],
  ['properties: { model: 5 }', 'the same for every event is { value: … }'],
  ['properties: { model: { path: properties.m, value: x } }', 'this key does not belong here'],
])('says of %s what to write', (written, message) => {
  const text = minimal.replace('subscription: userId', `subscription: userId, ${written}`);
  expect(problemsOf(text).join('\n')).toContain(message);
});

test.each([
  ['requestsPerSecond: 0', 'requestsPerSecond: expected a number above 0'],
  ['concurrency: 0', 'concurrency: expected a whole number from 1'],
  ['batchSize: 0', 'batchSize: expected a whole number from 1'],
  ['batchSize: 100000', 'batchSize: expected a number up to 10000'],
])('a limit of %s: %s', (limit, message) => {
  const text = minimal.replace('apiKey: k', `apiKey: k, limit: { ${limit} }`);
  expect(problemsOf(text)).toEqual([`destinations[0].limit.${message}`]);
});

test('an object where a list belongs says how a list is written', () => {
  const text = minimal.replace('[{ name: backend, writeKey: wk }]', '{ name: backend, writeKey: wk }');
  expect(problemsOf(text)).toContain(
    'sources: expected a list, each entry behind "- "; found keys with their values',
  );
});

test('calls that have a person forgotten need a key, and more than a write key to prove them', () => {
  const key = `privacyKey: ${'k'.repeat(32)}\n`;
  const forgetting = (source: string) =>
    minimal.replace('name: backend, writeKey: wk', `name: backend, ${source}, deleteCalls: forget`);
  expect(problemsOf(forgetting('functionSecret: s'))).toEqual([
    expect.stringMatching(/^sources\[0\]\.deleteCalls: forget needs a key: .*openssl/),
  ]);
  expect(problemsOf(key + forgetting('writeKey: wk'))).toEqual([
    expect.stringMatching(/^sources\[0\]\.deleteCalls: forget needs a webhookSecret/),
  ]);
  const [source] = load(key + forgetting('functionSecret: s')).sources;
  expect(source).toMatchObject({ forgetsOnCall: true });
  expect(load(minimal).sources[0]!.forgetsOnCall).toBeUndefined();
});

test('two sources with the placeholder of an example are told to make up keys, not that they share one', () => {
  const source = (name: string) => `{ name: ${name}, writeKey: change-me }`;
  const messagesWith = (apiKey: string) => {
    const loaded = parseConfig(
      `sources: [${source('one')}, ${source('two')}]
destinations: [{ name: lago, type: lago, apiKey: ${apiKey}, rules: [{ name: a, subscription: userId }] }]
`,
      {},
    );
    return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
  };
  expect(messagesWith('sandbox')).toEqual([
    'has the placeholder of sources[0] for a write key; make up one for each: openssl rand -hex 16',
  ]);
  const guessed = expect.stringContaining('a placeholder that anyone can guess');
  expect(messagesWith('k')).toEqual([guessed, guessed]);
});
