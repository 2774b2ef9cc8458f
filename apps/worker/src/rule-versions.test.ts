import { expect, test } from '@jest/globals';
import type { StoredDelivery } from '@meterbridge/delivery';
import { compileDestination, destinationSettingsSchema, rulesVersion } from '@meterbridge/destinations';
import { createRuleVersions } from './rule-versions.js';

const settingsOf = (subscription: string, name = 'calls') =>
  destinationSettingsSchema.parse({
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: [{ name, code: 'api_call', subscription }],
  });
const before = settingsOf('userId');
const after = settingsOf('properties.account', 'renamed');

const event = {
  messageId: 'm1',
  timestamp: '2026-10-01T00:00:00.000Z',
  userId: 'acme',
  properties: { account: 'other' },
} as unknown as StoredDelivery['event'];
const delivery = (rule: string, sentUnder?: string): StoredDelivery => ({
  rule,
  source: 'backend',
  hour: 5,
  event,
  sentUnder,
});

function open() {
  const asked: string[] = [];
  const unknown: string[] = [];
  const newer: number[] = [];
  const ofNewer = JSON.stringify({ ...JSON.parse(rulesVersion(before).text), format: 99 });
  const kept = new Map([
    [rulesVersion(before).version, rulesVersion(before).text],
    ['of a newer program', ofNewer],
  ]);
  const versions = createRuleVersions({
    destination: compileDestination(after),
    now: rulesVersion(after).version,
    names: new Set(['renamed']),
    read: async (version) => {
      asked.push(version);
      return kept.get(version) ?? null;
    },
    isInForce: async (version) => version === 'ahead',
    onUnknown: (version) => unknown.push(version),
    onNewer: (format) => newer.push(format),
  });
  return { asked, unknown, newer, versions };
}

const billed = (mapped: unknown) =>
  JSON.parse((mapped as { usage: { body: string } }).usage.body).external_subscription_id;

test('what was never sent is mapped by the rules of now, what may have arrived by those it was sent under', async () => {
  const { asked, versions } = open();
  const sent = delivery('calls', rulesVersion(before).version);
  const map = await versions.for([delivery('renamed'), sent]);
  expect(billed(map(delivery('renamed')))).toBe('other');
  expect(billed(map(sent))).toBe('acme');
  await versions.for([sent]);
  expect(asked).toEqual([rulesVersion(before).version]);
});

test('a version that a newer program wrote maps nothing, and is told of as that', async () => {
  const { unknown, newer, versions } = open();
  const sent = delivery('calls', 'of a newer program');
  const map = await versions.for([sent, delivery('renamed')]);
  expect(map(sent)).toBe('newer');
  expect(billed(map(delivery('renamed')))).toBe('other');
  expect([unknown, newer]).toEqual([[], [99]]);
});

test('a version that is not kept maps nothing, and is told of', async () => {
  const { unknown, versions } = open();
  const lost = delivery('calls', 'lost');
  const map = await versions.for([lost]);
  expect(map(lost)).toBe('unknown');
  expect(unknown).toEqual(['lost']);
});

test.each([
  ['its rules are all there', 'ahead', ['renamed'], 'now'],
  ['a receiver that is ahead routes by it', 'ahead', ['renamed', 'newest'], 'ahead'],
  ['no process runs its version any more', 'removed', ['calls'], 'now'],
])(
  'a job of another version, where %s, is mapped by that which has its rules in force',
  async (_, named, rules, expected) => {
    const { versions } = open();
    const now = rulesVersion(after).version;
    expect(await versions.choose(named, () => new Set(rules))).toBe(expected === 'now' ? now : expected);
  },
);
