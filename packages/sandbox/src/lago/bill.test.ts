import { expect, test } from '@jest/globals';
import { type Bucket, billCharge, findFilter, type UsageEvent } from './bill.js';
import type { LagoCharge, LagoMetric } from './options.js';

const ms = (time: string) => Date.parse(time);
const NOVEMBER = { fromMs: ms('2026-11-01T00:00:00Z'), toMs: ms('2026-11-30T23:59:59.999Z') };

/** An event of the metric, at noon of the second unless told otherwise. */
function used(
  properties: Record<string, unknown>,
  { at = '2026-11-02T12:00:00Z', ...change }: Partial<UsageEvent> & { at?: string } = {},
): UsageEvent {
  return { code: 'm', timestampMs: ms(at), properties, amountCents: null, ...change };
}

type Given = { events: UsageEvent[]; metric: LagoMetric; charge?: Partial<LagoCharge> };

function bill({ events, metric, charge }: Given): Bucket[] {
  return billCharge(events, { charge: { billable_metric_code: 'm', ...charge }, metric, period: NOVEMBER });
}

const SUM: LagoMetric = { aggregation: 'sum_agg', field: 'n' };
const COUNT: LagoMetric = { aggregation: 'count_agg' };
const UNIQUE: LagoMetric = { aggregation: 'unique_count_agg', field: 'user' };
const amounts = (...values: unknown[]) => values.map((n) => used({ n }));
const users = (...given: [unknown, string?][]) =>
  given.map(([user, operation_type]) => used({ user, ...(operation_type && { operation_type }) }));

test.each<[string, LagoMetric, UsageEvent[], string, number]>([
  ['a sum is exact', SUM, amounts(0.1, '0.2', -3), '-2.7', 3],
  ['a sum leaves out what is no plain number', SUM, amounts(5, '1,000', '1e3', true, null, '', '+5'), '5', 1],
  ['a sum takes numbers with an exponent', SUM, amounts(1e21, 1e-7), '1000000000000000000000.0000001', 2],
  ['a count counts', COUNT, [used({}), used({ n: 'x' })], '2', 2],
  ['another code is not counted', COUNT, [used({}), used({}, { code: 'other' })], '1', 1],
  ['the greatest', { aggregation: 'max_agg', field: 'n' }, amounts(3, '12.5', 7), '12.5', 3],
  ['nothing is nothing', { aggregation: 'max_agg', field: 'n' }, [], '0', 0],
  [
    'the latest by its own time, whenever it came',
    { aggregation: 'latest_agg', field: 'n' },
    [used({ n: 9 }, { at: '2026-11-20T00:00:00Z' }), used({ n: 4 }, { at: '2026-11-03T00:00:00Z' })],
    '9',
    2,
  ],
  ['of one time the one that came last', { aggregation: 'latest_agg', field: 'n' }, amounts(9, 4), '4', 2],
  ['values counted once', UNIQUE, users(['u1'], ['u2'], ['u1', 'add']), '2', 2],
  ['a number and its text are one value', UNIQUE, users([1], ['1']), '1', 1],
  ['one that is removed', UNIQUE, users(['u1'], ['u2'], ['u1', 'remove']), '1', 1],
  ['one that is added again', UNIQUE, users(['u1'], ['u1', 'remove'], ['u1']), '1', 1],
  [
    'recorded: any other operation_type is a removal',
    UNIQUE,
    users(['u1', 'add'], ['u2', 'add'], ['u3'], ['u4', 'Add'], ['u5', 'update']),
    '1',
    1,
  ],
  ['recorded: a removal alone counts below nothing', UNIQUE, users(['u1', 'login']), '0', -1],
  [
    'a removal that came before its addition, by their own times',
    UNIQUE,
    [
      used({ user: 'u1', operation_type: 'remove' }, { at: '2026-11-05T00:00:00Z' }),
      used({ user: 'u1' }, { at: '2026-11-04T00:00:00Z' }),
    ],
    '0',
    0,
  ],
  ['without the field nothing is counted', UNIQUE, [used({})], '0', 0],
  ['custom code is not run here', { aggregation: 'custom_agg', field: 'n' }, amounts(5), '0', 1],
])('%s', (_what, metric, events, units, eventsCount) => {
  expect(bill({ events, metric })).toMatchObject([{ filter: null, units, eventsCount }]);
});

test.each<[string, string, LagoMetric, string]>([
  ['the first moment', '2026-11-01T00:00:00.000Z', COUNT, '1'],
  ['the moment before it', '2026-10-31T23:59:59.999Z', COUNT, '0'],
  ['the last moment', '2026-11-30T23:59:59.999Z', COUNT, '1'],
  ['the moment after it', '2026-12-01T00:00:00.000Z', COUNT, '0'],
  [
    'an earlier month, where usage is carried over',
    '2026-03-01T00:00:00Z',
    { ...COUNT, recurring: true },
    '1',
  ],
  ['a later one, where usage is carried over', '2026-12-01T00:00:00Z', { ...COUNT, recurring: true }, '0'],
])('an event of %s', (_what, at, metric, units) => {
  expect(bill({ events: [used({}, { at })], metric })).toMatchObject([{ units }]);
});

const REGIONS: LagoMetric = {
  ...SUM,
  filters: [
    { key: 'region', values: ['eu', 'us'] },
    { key: 'tier', values: ['free', 'true'] },
  ],
};
const FILTERS: LagoCharge['filters'] = [
  { values: { region: ['eu'] }, properties: { amount: '2' } },
  { values: { region: ['eu'], tier: ['true'] }, properties: { amount: '3' } },
  { values: { tier: ['__ALL_FILTER_VALUES__'] }, properties: { amount: '4' } },
];

test.each<[string, Record<string, unknown>, number | null]>([
  ['one of its values', { region: 'eu' }, 0],
  ['the filter with the most keys', { region: 'eu', tier: 'true' }, 1],
  ['a boolean is compared as text', { region: 'eu', tier: true }, 1],
  ['any value that the metric knows', { region: 'us', tier: 'free' }, 2],
  ['a value that no filter has', { region: 'us' }, null],
  ['another case', { region: 'EU' }, null],
  ['no such key', {}, null],
  ['null', { region: null }, null],
])('filters: %s', (_what, properties, filter) => {
  expect(findFilter(properties, FILTERS, REGIONS)).toBe(filter);
});

test('each filter has its own units and price, and the rest falls to the charge', () => {
  const events = [
    used({ n: 10, region: 'eu' }),
    used({ n: 5, region: 'eu', tier: 'true' }),
    used({ n: 7, region: 'asia' }),
  ];
  const charge = { filters: FILTERS, properties: { amount: '0' } };
  const buckets = bill({ events, metric: REGIONS, charge });
  expect(buckets.map(({ filter, units, price }) => [filter, units, price.amountCents])).toEqual([
    [0, '10', 2000],
    [1, '5', 1500],
    [2, '0', 0],
    [null, '7', 0],
  ]);
});

test.each<[string, (string | null)[], number, string]>([
  ['what its events say', ['100.4', '50.2'], 151, '0.3012'],
  ['nothing where they say nothing', [null, null], 0, '0.0'],
])('a dynamic charge costs %s', (_what, texts, amountCents, unitAmount) => {
  const events = texts.map((amount, i) => used({ n: i + 2 }, { amountCents: amount }));
  expect(bill({ events, metric: SUM, charge: { charge_model: 'dynamic' } })).toMatchObject([
    { units: '5', price: { amountCents, unitAmount } },
  ]);
});
