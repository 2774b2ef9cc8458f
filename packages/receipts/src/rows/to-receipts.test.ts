import { describe, expect, test } from '@jest/globals';
import type { OutcomeRun, StoredDelivery } from '@meterbridge/delivery';
import { destinationSettingsSchema, rulesVersion } from '@meterbridge/destinations';
import { encodeDeliveries, type ReceiptEntry } from '@meterbridge/queue/batch';
import { compileKeptRules } from './compile-kept-rules.js';
import { nameOfEntry, nameOfRow, toReceipts } from './to-receipts.js';

const AT = Date.parse('2026-11-01T12:34:56.789Z');

const versions = [
  {
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: [
      { name: 'calls', subscription: 'userId', transactionIdSuffix: ':calls' },
      { name: 'found', subscription: { lookup: 'customer', customer: 'userId' } },
    ],
  },
  {
    type: 'lago',
    name: 'lago',
    apiKey: 'k',
    rules: [{ name: 'calls', code: 'old_call', subscription: 'userId' }],
  },
  {
    type: 'hyperline',
    name: 'hl',
    apiKey: 'k',
    rules: [
      {
        name: 'calls',
        customer: 'userId',
        eventType: 'event',
        record: { id: 'properties.id', tokens: 'properties.tokens' },
        uniqueIds: true,
      },
    ],
  },
].map((settings) => rulesVersion(destinationSettingsSchema.parse(settings)));
const [now, old, hyperline] = versions as [(typeof versions)[0], (typeof versions)[0], (typeof versions)[0]];
const rulesOf = compileKeptRules((version) => versions.find((each) => each.version === version)?.text);

function aDelivery(changes: Partial<StoredDelivery> = {}, event: object = {}): StoredDelivery {
  return {
    rule: 'calls',
    source: 'backend',
    hour: 498_228,
    event: {
      type: 'track',
      event: 'API Call',
      messageId: 'm-1',
      userId: 'acme',
      timestamp: new Date(AT).toISOString(),
      receivedAt: new Date(AT).toISOString(),
      properties: { id: 'r-1', tokens: 5 },
      ...event,
    } as unknown as StoredDelivery['event'],
    ...changes,
  };
}

function anEntry(deliveries: StoredDelivery[], outcomes: OutcomeRun[], rules?: string): ReceiptEntry {
  const batch = encodeDeliveries(deliveries);
  return { id: '1793536500123-7', kind: 'settled', job: 'b-1', rev: 'r-9', batch, outcomes, rules };
}

const rowsOf = (deliveries: StoredDelivery[], outcomes: OutcomeRun[], rules?: string) =>
  toReceipts(anEntry(deliveries, outcomes, rules), 'lago@1', rulesOf);

const oneRow = (delivery: StoredDelivery, rules: string | undefined = now.version) =>
  rowsOf([delivery], [['delivered', 1]], rules)[0]!;

test('a row says all of a delivery that ended', () => {
  const tries = { attempts: 2, firstFailedAt: 1, lastCode: 'timeout' };
  expect(oneRow(aDelivery({ request: { id: 'q-1' }, tries }))).toEqual({
    settledAt: 1_793_536_500_123,
    entry: '1793536500123-7',
    position: 0,
    shard: 'lago@1',
    outcome: 'delivered',
    events: 1,
    source: 'backend',
    acceptedHour: 498_228,
    event: 'API Call',
    job: 'b-1',
    rev: 'r-9',
    rule: 'calls',
    rules: now.version,
    attempts: 3,
    messageId: 'm-1',
    eventAt: AT,
    request: 'q-1',
    type: 'lago',
    usageId: 'm-1:calls',
    owner: 'acme',
    customer: undefined,
    code: 'API Call',
    usage:
      '{"transaction_id":"m-1:calls","external_subscription_id":"acme","code":"API Call","timestamp":"1793536496.789","properties":{}}',
  });
});

test('outcomes fall to the deliveries in their order', () => {
  const four = Array.from({ length: 4 }, (_, n) => aDelivery({}, { messageId: `m-${n}` }));
  const rows = rowsOf(
    four,
    [
      ['delivered', 1],
      ['duplicate', 2],
      ['late', 1],
    ],
    now.version,
  );
  expect(rows.map(({ outcome, messageId, position }) => [position, messageId, outcome])).toEqual([
    [0, 'm-0', 'delivered'],
    [1, 'm-1', 'duplicate'],
    [2, 'm-2', 'duplicate'],
    [3, 'm-3', 'late'],
  ]);
  expect(() => rowsOf(four, [['delivered', 3]])).toThrow('3 outcomes of 4 deliveries');
});

test('each delivery is mapped by the version that sent it', () => {
  const deliveries = [aDelivery(), aDelivery({ sentUnder: old.version })];
  const rows = rowsOf(deliveries, [['delivered', 2]], now.version);
  expect(rows.map(({ rules, code }) => [rules, code])).toEqual([
    [now.version, 'API Call'],
    [old.version, 'old_call'],
  ]);
});

test('a record has the id and the type that it has at the API', () => {
  expect(oneRow(aDelivery(), hyperline.version)).toMatchObject({
    type: 'hyperline',
    usageId: 'r-1',
    owner: 'acme',
    code: 'API Call',
    eventAt: AT,
  });
});

test('a subscription that was looked up for this customer stands in what was sent', () => {
  const found = { rule: 'found', resolved: { customer: 'acme', subscription: 'sub-1' } };
  const row = oneRow(aDelivery(found));
  expect(row).toMatchObject({ owner: 'sub-1', customer: 'acme', usageId: 'm-1' });
  expect(JSON.parse(row.usage!)).toMatchObject({ external_subscription_id: 'sub-1' });
});

describe('where nobody can tell what was sent, the row says nothing of it', () => {
  test.each([
    ['the version is unknown', aDelivery(), undefined],
    ['the version is not kept', aDelivery(), 'gone'],
    ['the rule is not in the version', aDelivery({ rule: 'removed' }), now.version],
    ['the event cannot be mapped', aDelivery({}, { userId: undefined }), now.version],
    ['nobody wrote down what was looked up', aDelivery({ rule: 'found' }), now.version],
    [
      'what was looked up is of another customer',
      aDelivery({ rule: 'found', resolved: { customer: 'other', subscription: 's' } }),
      now.version,
    ],
  ])('%s', (_why, delivery, rules) => {
    const [row] = rowsOf([delivery], [['late', 1]], rules);
    expect(row).toMatchObject({ outcome: 'late', messageId: 'm-1', eventAt: AT, job: 'b-1' });
    for (const field of ['type', 'usageId', 'owner', 'customer', 'code', 'usage'] as const)
      expect(row![field]).toBeUndefined();
  });
});

test('what a newer version wrote is an error: it is kept, and would be left out for ever', () => {
  const newer = compileKeptRules(() => now.text.replace(/\}$/, ',"format":99}'));
  expect(() => toReceipts(anEntry([aDelivery()], [['delivered', 1]], 'v'), 'lago', newer)).toThrow(
    expect.objectContaining({ code: 'newer_format', kind: 'rules' }),
  );
  const entry = anEntry([aDelivery()], [['delivered', 1]]) as { batch: object };
  const ofNewer = { ...entry, batch: { ...entry.batch, format: 99 } } as unknown as ReceiptEntry;
  expect(() => toReceipts(ofNewer, 'lago', rulesOf)).toThrow(
    expect.objectContaining({ code: 'newer_format', kind: 'job' }),
  );
});

test('a call without a name of its own has that of its page, or of its type', () => {
  const names = [{}, { event: undefined, name: 'Home' }, { event: undefined, type: 'identify' }];
  expect(names.map((event) => oneRow(aDelivery({}, event)).event)).toEqual(['API Call', 'Home', 'identify']);
});

test('filtered events are a row for each name of a bucket', () => {
  const filtered = { '498228/backend': { Seen: 3, Heard: 1 }, '498229/web/site': { Seen: 2 } };
  const rows = toReceipts({ id: '1793536500123-0', kind: 'filtered', filtered }, 'lago', rulesOf);
  const common = {
    settledAt: 1_793_536_500_123,
    entry: '1793536500123-0',
    shard: 'lago',
    outcome: 'filtered',
  };
  expect(rows).toEqual([
    { ...common, position: 0, source: 'backend', acceptedHour: 498_228, event: 'Seen', events: 3 },
    { ...common, position: 1, source: 'backend', acceptedHour: 498_228, event: 'Heard', events: 1 },
    { ...common, position: 2, source: 'web/site', acceptedHour: 498_229, event: 'Seen', events: 2 },
  ]);
});

test('a settlement has one name, whenever it comes, and its rows have it too', () => {
  const entry = anEntry([aDelivery()], [['delivered', 1]]);
  expect(nameOfEntry({ ...entry, id: '1793536500124-0' })).toBe(nameOfEntry(entry));
  expect(nameOfEntry({ ...entry, rev: 'r-10' } as ReceiptEntry)).not.toBe(nameOfEntry(entry));
  expect(nameOfRow(toReceipts(entry, 'lago', rulesOf)[0]!)).toBe(nameOfEntry(entry));
  const filtered: ReceiptEntry = { id: '5-0', kind: 'filtered', filtered: { '1/a': { b: 1 } } };
  expect(nameOfRow(toReceipts(filtered, 'lago', rulesOf)[0]!)).toBe(nameOfEntry(filtered));
});
