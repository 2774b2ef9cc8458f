import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../segment-events/test/any-character.js';
import { hostileJson, isPrototypeUntouched, runs } from '../../segment-events/test/hostile-json.js';
import { parseConfig } from './load-config.js';

afterEach(() => expect(isPrototypeUntouched()).toBe(true));

const GOOD = `
sources:
  - name: backend
    writeKey: \${KEY}
    privacy: { drop: [context.ip], mask: [traits.phone] }
destinations:
  - name: lago
    type: lago
    apiKey: \${KEY}
    rules: [{ name: r, when: 'type = "track"', subscription: userId, properties: { "*": properties } }]
receiver: { bodyBytes: 1000000 }
`;
const env = { KEY: 'a-secret-nobody-may-see' };

/** Any text is a configuration or problems, and none of them shows a secret. */
function expectSound(text: string): void {
  const loaded = parseConfig(text, env);
  if (loaded.ok) return;
  expect(loaded.problems.length).toBeGreaterThan(0);
  expect(JSON.stringify(loaded.problems)).not.toContain(env.KEY);
}

test('the configuration that is damaged here is a good one', () => {
  expect(parseConfig(GOOD, env).ok).toBe(true);
});

test('any text is read or refused in words', () => {
  const pieces = [
    '${',
    '${KEY}',
    '${KEY:-',
    '}',
    '&a',
    '*a',
    '<<: *a',
    '__proto__: {}',
    '- ',
    '? ',
    '"',
    '!!js x',
  ];
  const damaged = fc
    .tuple(fc.nat(GOOD.length), fc.oneof(fc.constantFrom(...pieces), hostileJson, fc.string()), fc.nat(20))
    .map(([at, put, cut]) => GOOD.slice(0, at) + put + GOOD.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(damaged, hostileJson, fc.string({ unit: anyCharacter })), expectSound),
    runs(60),
  );
});

test('any JSON in any place of it is taken or refused in words', () => {
  const places = [
    'privacy: {',
    'drop: [',
    'properties: {',
    'rules: [{',
    'receiver: {',
    'sources:\n  - ',
    'apiKey: ',
  ];
  const changed = fc
    .tuple(
      fc.constantFrom(...places),
      fc.constantFrom('"__proto__": ', '"constructor": ', 'x: ', ''),
      hostileJson,
    )
    .map(([place, key, json]) => GOOD.replace(place, () => `${place}${key}${json}, `));
  fc.assert(fc.property(changed, expectSound), runs(60));
});

test('aliases that stand for more aliases are refused, not unfolded', () => {
  const levels = Array.from(
    { length: 12 },
    (_, n) => `a${n}: &a${n} [${Array(10).fill(n ? `*a${n - 1}` : 'x')}]`,
  );
  expect(parseConfig(`${levels.join('\n')}\n${GOOD}`, env)).toMatchObject({ ok: false });
});
