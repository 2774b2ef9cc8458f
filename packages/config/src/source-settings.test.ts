// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how variables are written
import { expect, test } from '@jest/globals';
import { hashValue, hashWithKey } from '@meterbridge/segment-events';
import { parseConfig } from './load-config.js';
import { formatPath } from './problem.js';
import { secretsOf } from './secrets.js';

const DESTINATIONS = `
destinations:
  - { name: lago, type: lago, apiKey: key, rules: [{ name: all, subscription: userId }] }
`;

function sourceOf(yaml: string, env: Record<string, string> = {}) {
  return parseConfig(`sources: [{ name: backend, ${yaml} }]${DESTINATIONS}`, env);
}

test('a function’s secrets are one proof more, and secrets', () => {
  const loaded = sourceOf('functionSecret: "${NEW}", functionSecrets: [old, "${NEW}"], webhookSecret: s', {
    NEW: 'new',
  });
  expect(loaded.ok && loaded.config.sources[0]!.webhook).toEqual({
    secrets: ['s'],
    acceptFirstEventSignature: false,
    functionSecrets: ['new', 'old'],
  });
  expect(loaded.ok && secretsOf(loaded.config)).toEqual(['s', 'new', 'old', 'key']);
});

test('a function’s secret is proof enough for a source', () => {
  const loaded = sourceOf('functionSecret: new');
  expect(loaded.ok && loaded.config.sources[0]).toMatchObject({
    writeKeys: [],
    webhook: { secrets: [], functionSecrets: ['new'] },
  });
});

test('an empty one is none', () => {
  const loaded = sourceOf('functionSecret: "${NONE:-}", writeKey: w');
  expect(loaded.ok && loaded.config.sources[0]).not.toHaveProperty('webhook');
  expect(sourceOf('functionSecret: "${NONE:-}"')).toMatchObject({
    ok: false,
    problems: [{ path: ['sources', 0], message: expect.stringContaining('functionSecret') }],
  });
});

test('whose clock it goes by is one of two, or left to each event', () => {
  const clockOf = (yaml: string) => {
    const loaded = sourceOf(`writeKey: w${yaml}`);
    return loaded.ok ? loaded.config.sources[0]!.clock : loaded.problems[0]!.path;
  };
  expect([clockOf(', clock: device'), clockOf(', clock: server'), clockOf('')]).toEqual([
    'device',
    'server',
    undefined,
  ]);
  expect(clockOf(', clock: mine')).toEqual(['sources', 0, 'clock']);
});

test.each([
  ['writeKey: "${KEY}"', 'writeKey', 'KEY'],
  ['writeKeys: [ok, "${KEY}"]', 'writeKeys[1]', 'KEY'],
  ['writeKey: w, webhookSecret: "${KEY:-}"', 'webhookSecret', 'KEY'],
  ['writeKey: w, webhookSecrets: ["${KEY}"]', 'webhookSecrets[0]', 'KEY'],
  ['writeKey: w, functionSecret: "${KEY}"', 'functionSecret', 'KEY'],
  ['writeKey: w, functionSecrets: ["${KEY}"]', 'functionSecrets[0]', 'KEY'],
  ['writeKey: w, webhook: { header: { name: X, value: "${KEY}" } }', 'webhook.header.value', 'KEY'],
  ['writeKey: w, webhook: { header: { name: X, values: ["a${KEY}"] } }', 'webhook.header.values[0]', 'KEY'],
])(
  '%s of a line break refuses every sender, and is refused itself, named and not shown',
  (yaml, path, name) => {
    for (const value of ['hunter2\n', 'hunter2 ']) {
      const loaded = sourceOf(yaml, { [name]: value });
      const problems = loaded.ok ? [] : loaded.problems;
      expect(problems.map(({ path, message }) => `${formatPath(path)}: ${message}`)).toEqual([
        expect.stringMatching(
          `^sources\\[0\\]\\.${path.replaceAll(/[.[\]]/g, '\\$&')}: found a (line break|space) at its end.*\\(from ${name}\\)$`,
        ),
      ]);
      expect(JSON.stringify(loaded)).not.toContain('hunter2');
    }
  },
);

const HASHING = 'writeKey: w, privacy: { hash: [traits.phone], sha256: [userId] }';
const KEY = '0123456789abcdef0123456789abcdef';

function withKey(key: string, env: Record<string, string> = {}, options = {}) {
  return parseConfig(
    `privacyKey: ${key}\nsources: [{ name: backend, ${HASHING} }]${DESTINATIONS}`,
    env,
    options,
  );
}

test('hash goes by the key of the installation, which is a secret; sha256 by none', () => {
  const loaded = withKey('${KEY}', { KEY });
  if (!loaded.ok) throw new Error('does not load');
  const event = loaded.config.sources[0]!.applyPrivacy!({ userId: 'u1', traits: { phone: '+33' } });
  expect(event).toEqual({ userId: hashValue('u1'), traits: { phone: hashWithKey('+33', KEY) } });
  expect(secretsOf(loaded.config)).toContain(KEY);
});

test.each([
  ['none', sourceOf(HASHING)],
  ['an empty one', withKey('${KEY:-}')],
])('%s: hash is refused, with what to write', (_, loaded) => {
  expect(loaded).toEqual({
    ok: false,
    problems: [
      {
        path: ['sources', 0, 'privacy', 'hash'],
        message: expect.stringMatching(/privacyKey: \$\{METERBRIDGE_PRIVACY_KEY\}.*openssl rand -hex 32/),
        line: expect.any(Number),
      },
    ],
  });
});

test('a short key is refused, and not shown; without hash none is needed', () => {
  const loaded = withKey('${KEY}', { KEY: KEY.slice(1) });
  expect(loaded).toMatchObject({
    ok: false,
    problems: [{ path: ['privacyKey'], message: expect.stringMatching(/at least 32 bytes.*\(from KEY\)/) }],
  });
  expect(JSON.stringify(loaded)).not.toContain(KEY.slice(1));
  expect(sourceOf('writeKey: w, privacy: { hash: [], sha256: [userId] }').ok).toBe(true);
});

test('where nothing is stored the variable may be unset, as those of other secrets', () => {
  expect(withKey('${KEY}', {}, { allowUnset: true })).toMatchObject({ ok: true, unset: ['KEY'] });
  expect(withKey('${KEY}')).toMatchObject({ ok: false, problems: [{ path: ['privacyKey'] }] });
});

test('an API key has the same rule', () => {
  const text = `sources: [{ name: backend, writeKey: w }]${DESTINATIONS.replace('apiKey: key', 'apiKey: "${KEY}"')}`;
  expect(parseConfig(text, { KEY: 'hunter2\n' })).toMatchObject({
    ok: false,
    problems: [
      { message: 'found a line break at its end; a secret is printable ASCII without spaces (from KEY)' },
    ],
  });
});
