// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the file's placeholders are written so
import { expect, test } from '@jest/globals';
import { parseConfig } from './load-config.js';
import { describeProblems } from './problem.js';

const env = { SEGMENT_WRITE_KEY: 'wk-1', LAGO_API_KEY: 'lago-key' };
const FILE = `
sources:
  - name: backend
    writeKey: \${SEGMENT_WRITE_KEY}
    webhookSecret: \${SECRET:-}
destinations:
  - name: lago
    type: lago
    apiKey: \${LAGO_API_KEY}
    rules:
      - name: calls
        when: type = "track"
        subscription: userId
        properties: { tokens: properties.tokens }
`;
const SECRET = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';
const UUID = '73ab1c2d-6f1e-4f0e-9d5b-0c5a1d2e3f40';

function messagesOf(text: string): string {
  const loaded = parseConfig(text, env);
  return loaded.ok ? '' : describeProblems(loaded.problems, 'config');
}

test.each([
  [
    'an API key',
    '${LAGO_API_KEY}',
    SECRET,
    /line 9, destinations\[0\]\.apiKey: a secret .* write \$\{LAGO_API_KEY\}/,
  ],
  ['one without a prefix', '${LAGO_API_KEY}', UUID, /apiKey: a secret is written here/],
  ['a default', '${LAGO_API_KEY}', `\${LAGO_API_KEY:-${UUID}}`, /apiKey: a secret is written here/],
  ['a write key', '${SEGMENT_WRITE_KEY}', 'q9Xr2mB7vLk4TzYw8NcE5sHd', /write \$\{SEGMENT_WRITE_KEY\}/],
  ['a webhook secret', '${SECRET:-}', SECRET, /write \$\{SEGMENT_WEBHOOK_SECRET\}/],
  ['a filter', 'type = "track"', `event = ${SECRET}`, /rules\[0\]\.when: a secret is written here/],
  ['a key of an object', 'tokens:', `${SECRET}:`, /rules\[0\]\.properties: a key of this object is a secret/],
  ['an unknown key', 'when:', `${SECRET}: x\n        when:`, /rules\[0\]: a key of this object is a secret/],
  ['a name', 'name: calls', `name: ${SECRET}`, /rules\[0\]\.name: a secret is written here/],
  ['no YAML', 'subscription: userId', `subscription: [${SECRET}`, /not YAML/],
])('a secret in the file is refused and not shown: %s', (_, before, after, expected) => {
  const messages = messagesOf(FILE.replace(before, after));
  expect(messages).toMatch(expected);
  for (const secret of [SECRET, UUID, 'q9Xr2mB7vLk4TzYw8NcE5sHd']) expect(messages).not.toContain(secret);
});

test.each(['$LAGO_API_KEY', 'LAGO_API_KEY', '"{{ LAGO_API_KEY }}"', '"%LAGO_API_KEY%"', '$(LAGO_API_KEY)'])(
  'a variable that is written otherwise: %s',
  (written) => {
    expect(messagesOf(FILE.replace('${LAGO_API_KEY}', written))).toContain(
      'a variable is written ${LAGO_API_KEY}',
    );
  },
);

test('a name that only begins like a key is none', () => {
  expect(messagesOf(FILE.replace('type = "track"', 'properties.sk_identifier = "a"'))).toBe('');
});

test.each(['sandbox', 'change-me', '${LAGO_API_KEY:-sandbox}'])('%s is no secret', (written) => {
  expect(messagesOf(FILE.replace('${LAGO_API_KEY}', written))).toBe('');
});
