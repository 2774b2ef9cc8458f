import { expect, test } from '@jest/globals';
import { compareConfig, planReload } from './compare-config.js';
import { parseConfig } from './load-config.js';
import { describeProblems } from './problem.js';

const BEFORE = `
sources: [{ name: backend, writeKey: key-one }]
destinations:
  - { name: lago, type: lago, apiKey: k, rules: [{ name: all, subscription: userId }] }
`;

function load(text: string) {
  const loaded = parseConfig(text, {});
  if (!loaded.ok) throw new Error(describeProblems(loaded.problems, 'config'));
  return loaded.config;
}

const before = load(BEFORE);

const CHANGES: [what: string, text: string, inPlace: string[], needsRestart: string[]][] = [
  ['nothing', BEFORE, [], []],
  ['a comment', `# words\n${BEFORE}`, [], []],
  ['a write key', BEFORE.replace('key-one', 'key-two'), ['sources.backend.writeKeys'], []],
  ['rules', BEFORE.replace('userId', 'anonymousId'), ['destinations.lago.rules'], []],
  ['an API key', BEFORE.replace('apiKey: k', 'apiKey: l'), ['destinations.lago.apiKey'], []],
  ['a limit of the receiver', `${BEFORE}receiver: { eventBytes: 2000 }`, ['receiver.eventBytes'], []],
  ['retries', `${BEFORE}retry: { giveUpAfterHours: 1 }`, ['retry.giveUpAfterMs'], []],
  ['Redis', `${BEFORE}redis: { shards: 2 }`, [], ['redis.shards']],
  [
    'a part of either kind',
    `${BEFORE.replace('key-one', 'key-two')}redis: { url: "redis://other:1" }`,
    ['sources.backend.writeKeys'],
    ['redis.url'],
  ],
];

test.each(CHANGES)(
  'names the keys that differ by %s, and which need a restart',
  (_, text, inPlace, needsRestart) => {
    expect(compareConfig(before, load(text))).toEqual({ inPlace, needsRestart });
  },
);

test('a source that is gone and one that is new are named, and no value is', () => {
  const change = compareConfig(before, load(BEFORE.replace('backend', 'browser')));
  expect(change.inPlace).toEqual(
    expect.arrayContaining(['sources.backend.writeKeys', 'sources.browser.writeKeys']),
  );
  expect(JSON.stringify(change)).not.toContain('key-one');
});

test('what needs a restart stays as it was, and the name says that it is not all there', () => {
  const after = load(`${BEFORE.replace('userId', 'anonymousId')}redis: { shards: 2 }`);
  const planned = planReload(before, { ok: true, config: after, lineOf: () => undefined, unset: [] });
  if (planned.reload !== 'apply') throw new Error(planned.reload);
  expect(planned.config).toMatchObject({ redis: { shards: 1 }, hash: `${after.hash}-needs-restart` });
  expect(planned.config.rules).toBe(after.rules);
  // The same save once more, and one that takes it back.
  const again = planReload(planned.config, { ok: true, config: after, lineOf: () => undefined, unset: [] });
  expect(again).toEqual({ reload: 'unchanged' });
  const back = planReload(planned.config, { ok: true, config: before, lineOf: () => undefined, unset: [] });
  expect(back).toMatchObject({ reload: 'apply', config: { hash: before.hash }, needsRestart: [] });
});

test('a configuration that is not right changes nothing', () => {
  const problems = [{ path: ['sources'], message: 'expected array' }];
  expect(planReload(before, { ok: false, problems })).toEqual({ reload: 'refused', problems });
});
