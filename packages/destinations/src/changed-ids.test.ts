import { expect, test } from '@jest/globals';
import { changedIds, formerIds } from './changed-ids.js';
import { destinationSettingsSchema } from './kinds.js';
import { rulesVersion } from './rules-version.js';

type Given = Record<string, unknown>;

const lago = (...rules: Given[]) =>
  destinationSettingsSchema.parse({
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: rules.map((rule) => ({ subscription: 'userId', ...rule })),
  });
const hyperline = (...rules: Given[]) =>
  destinationSettingsSchema.parse({
    type: 'hyperline',
    name: 'hyperline',
    apiKey: 'k',
    rules: rules.map((rule) => ({ name: 'a', customer: 'userId', eventType: 'event', record: {}, ...rule })),
  });

type Settings = ReturnType<typeof lago>;

const changed = (now: Settings, ...before: Settings[]) =>
  changedIds(
    now,
    formerIds(
      now.type,
      [...before, now].map((each) => rulesVersion(each).text),
    ),
  );

const plain = { name: 'a' };
const suffixed = { name: 'a', transactionIdSuffix: ':a' };

test.each<[string, Settings, Settings[], string[]]>([
  ['nothing was there before', lago(suffixed), [], []],
  ['all else changed', lago({ ...plain, code: 'x', subscription: 'properties.s' }), [lago(plain)], []],
  ['a suffix was added', lago(suffixed), [lago(plain)], ['a']],
  ['a suffix was taken away', lago(plain), [lago(suffixed)], ['a']],
  ['a suffix was changed', lago({ ...suffixed, transactionIdSuffix: ':b' }), [lago(suffixed)], ['a']],
  ['one long ago was another', lago(suffixed), [lago(plain), lago(suffixed, { name: 'b' })], ['a']],
  ['a new rule has one', lago(plain, { ...suffixed, name: 'b' }), [lago(plain)], []],
  ['one name has another rule now', lago({ ...suffixed, name: 'b' }), [lago(plain)], []],
  ['it was another API', lago(suffixed), [hyperline({})], []],
  ['the same, written otherwise', hyperline({ eventType: { path: ['event'] } }), [hyperline({})], []],
  ['the messageId by name', hyperline({ record: { id: 'messageId' } }), [hyperline({})], []],
  ['another event type', hyperline({ eventType: { value: 'event' } }), [hyperline({})], ['a']],
  ['another id', hyperline({ record: { id: 'userId' } }), [hyperline({})], ['a']],
])('%s', (_, now, before, rules) => {
  expect(changed(now, ...before)).toEqual(rules);
});

test('a version that cannot be read says nothing', () => {
  const texts = [
    '',
    '{',
    '{}',
    '{"type":"lago"}',
    '{"type":"lago","rules":[null]}',
    rulesVersion(lago(plain)).text,
  ];
  expect(formerIds('lago', texts)).toEqual(new Map([['a', new Set([''])]]));
});
