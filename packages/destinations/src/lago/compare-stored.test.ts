import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareStored, type LagoContent } from './compare-stored.js';

const SENT: LagoContent = {
  transaction_id: 'm-1',
  external_subscription_id: 'sub-1',
  code: 'api_call',
  timestamp: '1795235992.123',
  properties: { tokens: 12, model: 'large' },
};
const HELD: LagoContent = {
  ...SENT,
  timestamp: '2026-11-21T04:39:52.123Z',
  precise_total_amount_cents: null,
};

const properties = (sent: unknown, held: unknown) => [
  { properties: { p: sent } },
  { properties: { p: held } },
];

test.each<[string, LagoContent, LagoContent, string[]]>([
  ['the same', {}, {}, []],
  ['another code', { code: 'other' }, {}, ['code']],
  ['another subscription', {}, { external_subscription_id: 'sub-2' }, ['external_subscription_id']],
  ['a millisecond later', {}, { timestamp: '2026-11-21T04:39:52.124Z' }, []],
  ['a millisecond earlier', {}, { timestamp: '2026-11-21T04:39:52.122Z' }, []],
  ['two milliseconds later', {}, { timestamp: '2026-11-21T04:39:52.125Z' }, ['timestamp']],
  ['a time that is none', {}, { timestamp: 'soon' }, ['timestamp']],
  ['no time', {}, { timestamp: null }, ['timestamp']],
  ['keys in another order', {}, { properties: { model: 'large', tokens: 12 } }, []],
  ['one property more there', {}, { properties: { tokens: 12, model: 'large', x: 1 } }, ['properties.x']],
  ['one property less there', {}, { properties: { tokens: 12 } }, ['properties.model']],
  [
    'two of three',
    {},
    { code: 'b', properties: { tokens: 13, model: 'large' } },
    ['code', 'properties.tokens'],
  ],
  ['no properties there', {}, { properties: null }, ['properties.model', 'properties.tokens']],
  ['an amount', { precise_total_amount_cents: '12.50' }, { precise_total_amount_cents: '12.5' }, []],
  ['an amount as a number', { precise_total_amount_cents: '12' }, { precise_total_amount_cents: 12 }, []],
  [
    'another amount',
    { precise_total_amount_cents: '12.50' },
    { precise_total_amount_cents: '12.51' },
    ['precise_total_amount_cents'],
  ],
  ['an amount on one side', { precise_total_amount_cents: '0' }, {}, ['precise_total_amount_cents']],
  [
    'an amount that was rounded to 15 decimals',
    { precise_total_amount_cents: '-1.9999999999999995' },
    { precise_total_amount_cents: '-2.0' },
    [],
  ],
])('%s', (_what, sent, held, fields) => {
  expect(compareStored({ ...SENT, ...sent }, { ...HELD, ...held })).toEqual(fields);
});

test.each<[sent: unknown, held: unknown, isSame: boolean]>([
  [1, 1.0, true],
  [1, '1.0', true],
  ['1.0', 1, true],
  ['12345678901234567890', '12345678901234567891', false],
  [12345678901234567000, '12345678901234567891', false],
  // Two texts that are one number are two values of a unique count, and two of a filter.
  ['007', '7', false],
  ['1.0', '1', false],
  ['true', true, true],
  ['true', 1, false],
  [0, null, false],
  ['', null, false],
  [null, undefined, true],
  ['[1]', [1], false],
  [[1, '2'], [1.0, 2], true],
  [[1, 2], [2, 1], false],
  [{ a: 1, b: null }, { a: '1' }, true],
  [{ a: 1 }, [1], false],
  [{ a: 1 }, 'a', false],
])('a property %j and %j are the same: %s', (sent, held, isSame) => {
  const [one, other] = properties(sent, held);
  expect(compareStored({ ...SENT, ...one }, { ...HELD, ...other })).toEqual(isSame ? [] : ['properties.p']);
});

test('what an event inherits is no property of it', () => {
  const held = JSON.parse('{"__proto__":{"a":1},"constructor":"x"}') as unknown;
  expect(compareStored({ ...SENT, properties: {} }, { ...HELD, properties: held })).toEqual([
    'properties.__proto__',
    'properties.constructor',
  ]);
  const sent = { ...SENT, properties: { constructor: null } };
  expect(compareStored(sent, { ...HELD, properties: {} })).toEqual([]);
});

const value = fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const someProperties = fc.dictionary(fc.string(), value, { maxKeys: 8 });

test('whatever is sent is the same when it is read back, and not once a value is another', () => {
  fc.assert(
    fc.property(someProperties, fc.string(), fc.string(), (given, name, text) => {
      const sent = { ...SENT, properties: given };
      const back = JSON.parse(
        JSON.stringify({ ...HELD, properties: Object.fromEntries(Object.entries(given).reverse()) }),
      );
      expect(compareStored(sent, back)).toEqual([]);
      // As a ClickHouse organization keeps it.
      const texts = Object.entries(given).map(([key, each]) => [key, String(Object.is(each, -0) ? 0 : each)]);
      expect(compareStored(sent, { ...HELD, properties: Object.fromEntries(texts) })).toEqual([]);
      const changed = { ...given, [name]: `${text}#` };
      fc.pre(Object.hasOwn(changed, name) && given[name] !== changed[name]);
      expect(compareStored(sent, { ...HELD, properties: changed })).toEqual([`properties.${name}`]);
    }),
  );
});
