import { freezeEvent, readBody, type SegmentEvent } from '@meterbridge/segment-events';
import fc from 'fast-check';
import { goodEvent, hostileJson } from '../../segment-events/test/hostile-json.js';

const AT = '2026-08-01T11:59:00.000Z';
const CONTEXT = {
  receivedAtMs: Date.parse('2026-08-01T12:00:00.000Z'),
  via: 'tracking',
  maxAgeMs: 86_400_000,
  maxFutureMs: 300_000,
  maxEventBytes: 32_768,
} as const;

const amount = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map((number) => JSON.stringify(String(number))),
  fc.tuple(fc.bigInt(-(10n ** 30n), 10n ** 30n), fc.nat()).map(([whole, part]) => `"${whole}.${part}"`),
  fc.constantFrom('" 12.50 "', '"1,000"', '"+5"', '".5"', '"1e3"', '"0x10"', '"Infinity"', '"NaN"', 'true'),
);

/** Events as they are when they are mapped: frozen, with something hostile in what rules read. */
export const frozenEvent: fc.Arbitrary<SegmentEvent> = fc
  .tuple(goodEvent(AT), amount, hostileJson, hostileJson)
  .map(([event, tokens, a, b]) => {
    const text = JSON.stringify(event).slice(0, -1);
    const hostile = `{"tokens":${tokens},"a":${a},"b":${b},"list":[${a},${tokens}]}`;
    const reading = readBody(`[${text},"properties":${hostile},"context":{"groupId":${a}}}]`, {
      events: 1,
      sharedBytes: 1,
    });
    return reading.ok ? freezeEvent(reading.body.events[0], CONTEXT) : null;
  })
  .filter((frozen) => frozen?.ok === true)
  .map((frozen) => (frozen as { event: SegmentEvent }).event);

const path = fc.oneof(
  fc.constantFrom(
    'properties.tokens',
    'properties.a',
    'properties.b',
    'properties.list',
    'properties.list.0',
  ),
  fc.constantFrom('properties', 'context.groupId', 'userId', 'event', 'timestamp', 'messageId', 'type'),
  fc.constantFrom('constructor', 'properties.constructor.name', 'properties.length', 'nothing', 'toString'),
);
const paths = fc.oneof(path, fc.array(path, { minLength: 1, maxLength: 3 }));
const constant = fc.oneof(fc.string(), fc.boolean(), fc.double(), fc.constantFrom(0, -0, 12, '12.5', 1e20));

const template = fc
  .array(
    fc.oneof(
      path.map((each) => `\${${each}}`),
      fc.constantFrom(':', '-', '\\\\', 'x'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => ({ template: parts.join('') }));

/** What an operator might write for one value; the schema says whether it is a rule. */
export const anyValueRule: fc.Arbitrary<unknown> = fc.oneof(
  paths,
  constant.map((value) => ({ value })),
  fc
    .tuple(template, fc.constantFrom({}, { as: 'number' }, { mask: true }, { default: null }))
    .map(([rule, shape]) => ({ ...rule, ...shape })),
  fc.record(
    {
      path: paths,
      as: fc.constantFrom('number', 'string', 'boolean', 'timestamp'),
      times: fc.constantFrom('0.000000001', '1024', '-3.5'),
      default: fc.option(constant),
      mask: fc.constant(true),
      hash: fc.constant('sha256'),
    },
    { requiredKeys: ['path'], noNullPrototype: true },
  ),
);

/** The same for a set of named values. */
export const anyPropertiesRule: fc.Arbitrary<unknown> = fc
  .tuple(
    fc.option(path, { nil: undefined }),
    fc.dictionary(
      fc.oneof(fc.constantFrom('tokens', 'a', 'id', 'constructor', 'toJSON', '0'), fc.string()),
      anyValueRule,
      { maxKeys: 4, noNullPrototype: true },
    ),
  )
  .map(([all, named]) => (all === undefined ? named : { ...named, '*': all }));
