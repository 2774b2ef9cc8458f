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
  const kept = new Map([[rulesVersion(before).version, rulesVersion(before).text]]);
  const versions = createRuleVersions(
    compileDestination(after),
    rulesVersion(after).version,
    async (version) => {
      asked.push(version);
      return kept.get(version) ?? null;
    },
    (version) => unknown.push(version),
  );
  return { asked, unknown, versions };
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

test('a version that is not kept maps nothing, and is told of', async () => {
  const { unknown, versions } = open();
  const lost = delivery('calls', 'lost');
  const map = await versions.for([lost]);
  expect(map(lost)).toBe('unknown');
  expect(unknown).toEqual(['lost']);
});
