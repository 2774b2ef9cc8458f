import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hostileJson, mutatedEvent, runs } from '../test/hostile-json.js';
import { type FreezeContext, freezeEvent } from './freeze-event.js';
import { BodyReader, readBody, writeKeyOf } from './read-body.js';
import { keepRefused } from './refused-event.js';

const bounds = { events: 100, sharedBytes: 10_000 };
const read = (body: unknown, ...rest: [] | ['track']) => readBody(JSON.stringify(body), bounds, ...rest);
const CONTEXT: FreezeContext = {
  receivedAtMs: Date.parse('2026-01-31T12:00:00.000Z'),
  via: 'tracking',
  maxAgeMs: 86_400_000,
  maxFutureMs: 300_000,
  maxEventBytes: 32_768,
};
const track = { type: 'track', event: 'API Call', userId: 'u1' };

test.each([
  ['one event', track, [track]],
  ['a batch', { batch: [track, track] }, [track, track]],
  ['a bare array', [track, track], [track, track]],
  ['an extensible webhook’s batch', [{ json: track }, { json: track }], [track, track]],
  ['an event with a property called json', [{ ...track, json: {} }], [{ ...track, json: {} }]],
  ['an empty batch', { batch: [] }, []],
  ['an empty array', [], []],
  ['a batch of what is no event', { batch: [null, 'x', 1, []] }, [null, 'x', 1, []]],
  ['a batch that is no list', { batch: 'x' }, [{ batch: 'x' }]],
])('finds the events of %s', (_name, body, events) => {
  const reading = read(body);
  expect(reading).toMatchObject({ ok: true, body: { events } });
});

test('gives a single event the type of its route, and never a batch', () => {
  expect(read({ event: 'x' }, 'track')).toMatchObject({ body: { events: [{ event: 'x', type: 'track' }] } });
  expect(read({ type: 'page' }, 'track')).toMatchObject({ body: { events: [{ type: 'track' }] } });
  expect(read({ batch: [{ type: 'page' }] }, 'track')).toMatchObject({
    body: { events: [{ type: 'page' }] },
  });
});

test('merges what a batch says into its events, which have the last word', () => {
  const reading = read({
    sentAt: '2026-01-01T00:00:00Z',
    timestamp: '2026-01-01T00:00:00.000Z',
    context: { library: { name: 'analytics-go' }, groupId: 'outer' },
    integrations: { All: false, Lago: true },
    batch: [
      { a: 1 },
      { context: { groupId: 'inner' }, integrations: { Lago: false }, timestamp: 'own' },
      { context: null, integrations: [], originalTimestamp: 'own' },
      'no event',
    ],
  });
  const outer = { library: { name: 'analytics-go' }, groupId: 'outer' };
  expect(reading).toMatchObject({
    body: {
      sentAt: '2026-01-01T00:00:00Z',
      events: [
        {
          a: 1,
          context: outer,
          integrations: { All: false, Lago: true },
          timestamp: '2026-01-01T00:00:00.000Z',
        },
        {
          context: { ...outer, groupId: 'inner' },
          integrations: { All: false, Lago: false },
          timestamp: 'own',
        },
        { context: outer, integrations: { All: false, Lago: true }, originalTimestamp: 'own' },
        'no event',
      ],
    },
  });
  const third = reading.ok ? reading.body.events[2] : undefined;
  expect(third).not.toHaveProperty('timestamp');
});

test('collects write keys from the batch and from its events', () => {
  const reading = read({
    writeKey: 'a',
    batch: [{ writeKey: 'b' }, { writeKey: 'a' }, { writeKey: 7 }, { writeKey: '' }],
  });
  expect(reading).toMatchObject({ body: { batchWriteKey: 'a', writeKeys: ['a', 'b'] } });
  expect(read({ ...track, writeKey: 'c' })).toMatchObject({ body: { writeKeys: ['c'] } });
  expect(writeKeyOf({ writeKey: 7 })).toBeUndefined();
});

test.each(['', 'x', '{', '"text"', '7', 'null', 'true', 'data=eyJ9'])(
  'says what is wrong with %j',
  (text) => {
    expect(readBody(text, bounds)).toMatchObject({ ok: false, code: 'invalid_json' });
  },
);

describe('makes no more of a body than it may', () => {
  test('in events', () => {
    for (const wrap of [(items: unknown[]) => items, (items: unknown[]) => ({ batch: items })]) {
      expect(read(wrap(Array(100).fill(0)))).toMatchObject({ ok: true });
      expect(read(wrap(Array(101).fill(0)))).toMatchObject({ ok: false, code: 'too_many_events' });
    }
  });

  const long = 'x'.repeat(5_000);
  const deep = `${'['.repeat(5_000)}0${']'.repeat(5_000)}`;
  test.each([
    ['context', `{"a":"${long}"}`],
    ['context', `{"a":${deep}}`],
    ['context', `{"a":[${'{},'.repeat(1_000)}{}]}`],
    ['integrations', `{"a":"${long}"}`],
    ['timestamp', `"${long}"`],
  ])('by what the batch says of all of its events: %s %.20s…', (field, json) => {
    const batchOf = (count: number) => `{"${field}":${json},"batch":[${Array(count).fill('{}')}]}`;
    expect(readBody(batchOf(0), bounds)).toMatchObject({ ok: true });
    expect(readBody(batchOf(1), { ...bounds, sharedBytes: 200_000 })).toMatchObject({ ok: true });
    expect(readBody(batchOf(100), bounds)).toMatchObject({ ok: false, code: 'body_too_large' });
  });

  test('and takes a usual context for as many events as may come', () => {
    const context = { library: { name: 'analytics-go', version: '3.3.0' }, groupId: 'g1' };
    const most = { events: 10_000, sharedBytes: 50_000_000 };
    const json = JSON.stringify({ context, batch: Array(10_000).fill({ type: 'track' }) });
    expect(readBody(json, most)).toMatchObject({ ok: true });
  });
});

function readInSlices(body: Buffer) {
  const reader = new BodyReader(body, { ...bounds, values: 1_000_000, atOnceBytes: 0 }, 'track');
  while (!reader.scan(0));
  for (;;) {
    const reading = reader.read(0);
    if (reading) return reading;
  }
}

describe('a large body, read event by event', () => {
  const inBatch = fc
    .tuple(fc.array(hostileJson, { maxLength: 4 }), hostileJson, hostileJson)
    .map(([items, a, b]) => `{"context":${a},"batch":[${items}],"writeKey":${b}}`);
  const keys = fc.constantFrom(
    '"batch"',
    '"\\u0062at\\u0063h"',
    '"batch" ',
    '"Batch"',
    '"writeKey"',
    '"context"',
  );
  const withKeys = fc
    .array(
      fc.tuple(
        keys,
        fc.oneof(
          hostileJson,
          fc.array(hostileJson, { maxLength: 3 }).map((items) => `[${items}]`),
        ),
      ),
      {
        maxLength: 5,
      },
    )
    .map((fields) => `{${fields.map(([key, json]) => `${key}:${json}`)}}`);
  const list = fc
    .array(fc.oneof(mutatedEvent('2026-01-31T12:00:00.000Z'), hostileJson))
    .map((items) => `[${items.join(' ,\n')}]`);

  test('is what JSON.parse makes of the whole', () => {
    fc.assert(
      fc.property(fc.oneof(hostileJson, inBatch, withKeys, list), (json) => {
        expect(readInSlices(Buffer.from(json))).toEqual(readBody(json, bounds, 'track'));
      }),
      runs(300),
    );
  });

  test('is refused, or has its events, as by the other way where something in it is broken', () => {
    const breaks = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.constantFrom('', ',', ']', '}', '"', '[', 'NaN', '\\', ' x'),
    );
    fc.assert(
      fc.property(fc.oneof(inBatch, withKeys, list), breaks, (json, [place, cut, put]) => {
        const at = place % (json.length + 1);
        const broken = Buffer.from(json.slice(0, at) + put + json.slice(at + cut)).toString();
        expect(readInSlices(Buffer.from(broken))).toEqual(readBody(broken, bounds, 'track'));
      }),
      runs(300),
    );
  });

  test.each([
    ['the last of two lists', '{"batch":[1,2],"batch":[3]}', [3]],
    ['a list under a key with escapes', '{"\\u0062atch":[3]}', [3]],
    [
      'one event, where the last batch is no list',
      '{"batch":[1],"batch":"x"}',
      [{ batch: 'x', type: 'track' }],
    ],
    ['a list behind one that is deeper', '{"a":{"batch":[1]},"batch":[3]}', [3]],
  ])('is %s', (_name, json, events) => {
    expect(readInSlices(Buffer.from(json))).toMatchObject({ ok: true, body: { events } });
  });

  test('has no more events or values than it may', () => {
    const body = Buffer.from(`[${'{},'.repeat(200_000)}{}]`);
    const readerOf = (values: number) => {
      const reader = new BodyReader(body, { ...bounds, values, atOnceBytes: 0 });
      while (!reader.scan(0));
      return reader;
    };
    expect(readerOf(400_000).holdsTooManyValues).toBe(true);
    expect(readerOf(500_000).holdsTooManyValues).toBe(false);
    expect(readerOf(500_000).read(0)).toMatchObject({ ok: false, code: 'too_many_events' });
  });
});

describe('of a list in which a byte is no UTF-8', () => {
  const good = JSON.stringify({ ...track, messageId: 'm1' });
  const broken = Buffer.from('{"userId":"caf\xe9","name":"é"}', 'latin1');
  const small = (body: Buffer) =>
    new BodyReader(body, { ...bounds, values: 1_000_000, atOnceBytes: 1_000_000 }).read(
      Number.POSITIVE_INFINITY,
    )!;

  test.each([
    ['a small body', small],
    ['a large one', readInSlices],
  ])('its event alone is refused, with its bytes as they were: %s', (_name, readBytes) => {
    const body = Buffer.concat([
      Buffer.from(`{"writeKey":"é","batch":[${good},`),
      broken,
      Buffer.from(`,${good}]}`),
    ]);
    const reading = readBytes(body);
    if (!reading.ok) throw new Error(reading.problem);
    const { events, batchWriteKey } = reading.body;
    expect(batchWriteKey).toBe('é');
    expect(events).toMatchObject([{ messageId: 'm1' }, {}, { messageId: 'm1' }]);
    expect(freezeEvent(events[1], CONTEXT)).toMatchObject({
      rejection: { reason: 'invalid_json', detail: 'the event is not UTF-8, which JSON is' },
    });
    expect(keepRefused(events[1], undefined)).toBe('{"userId":"caf\\xe9","name":"\\xe9"}');
    expect(keepRefused(events[1], (event) => event)).toMatch(/^\[\d+ characters withheld\]$/);
  });

  test('no event is taken where the byte stands around the list, or in what is no list', () => {
    const around = Buffer.concat([
      Buffer.from(`{"batch":[${good}],"a":"`),
      Buffer.of(0xff),
      Buffer.from('"}'),
    ]);
    for (const body of [around, broken]) {
      for (const readBytes of [small, readInSlices]) {
        expect(readBytes(body)).toMatchObject({
          code: 'invalid_json',
          problem: 'the body is not UTF-8, which JSON is',
        });
      }
    }
  });
});

describe('of a list in which an event is not JSON', () => {
  const good = JSON.stringify({ ...track, messageId: 'm1' });
  const fates = (text: string) => {
    const reading = readBody(text, bounds);
    if (!reading.ok) return reading.code;
    return reading.body.events.map((event) => {
      const frozen = freezeEvent(event, CONTEXT);
      return frozen.ok ? 'taken' : frozen.rejection.reason;
    });
  };

  test('the others are taken, and it is refused with what it was', () => {
    const bad = '{"type":"track","event":"x","properties":{"ratio":NaN,"said":"None"}}';
    const text = `{"writeKey":"k","sentAt":"2026-01-01T00:00:00Z","context":{"groupId":"g"},"batch":[${good},${good.replace('u1', 'u2')}, ${bad} ,${good.replace('u1', 'u3')}]}`;
    expect(fates(text)).toEqual(['taken', 'taken', 'invalid_json', 'taken']);
    const reading = readBody(text, bounds);
    if (!reading.ok) throw new Error(reading.problem);
    const { events, batchWriteKey, sentAt } = reading.body;
    expect({ batchWriteKey, sentAt }).toEqual({ batchWriteKey: 'k', sentAt: '2026-01-01T00:00:00Z' });
    expect(events[3]).toMatchObject({ userId: 'u3', context: { groupId: 'g' } });
    expect(freezeEvent(events[2], CONTEXT)).toMatchObject({
      rejection: { detail: 'the event is not JSON: it holds NaN, for which JSON has no word' },
    });
    expect(keepRefused(events[2], undefined)).toBe(bad);
    expect(keepRefused(events[2], (event) => event)).toBe(`[${bad.length} characters withheld]`);
  });

  test.each([
    ['Infinity', '{"a":-Infinity}'],
    ['Python’s None', '{"a":None}'],
    ['a line break in a text', '{"a":"x\ny"}'],
    ['single quotes', "{'a':1}"],
    ['a comma too many', '{"a":1,}'],
    ['a number that begins with a zero', '{"a":007}'],
    ['brackets in a text that is fine, and no value', '{"a":"}]{[,","b":}'],
    ['nothing but a word', 'undefined'],
  ])('whatever it is: %s', (_name, bad) => {
    for (const text of [`[${bad},${good}]`, `{"batch":[${good},${bad}]}`, `[{"json":${good}},${bad}]`]) {
      expect(fates(text)).toEqual(expect.arrayContaining(['taken', 'invalid_json']));
    }
  });

  test('each number still keeps its digits, and a comma behind the last event is none', () => {
    const reading = readBody(`[{"a":9007199254740993,"__proto__":{}},{"b":NaN},]`, bounds);
    expect(reading).toMatchObject({ ok: true, body: { events: [{ a: '9007199254740993' }, {}] } });
  });

  test('it is one alone, too: its write key may stand around it', () => {
    expect(fates('{"batch":[{"a":NaN}],"writeKey":"k"}')).toEqual(['invalid_json']);
  });

  test.each([
    ['what is not JSON stands around the list', '{"batch":[{}],"sentAt":NaN}'],
    ['the list does not end', `{"batch":[${good},{"a":NaN}`],
    ['a bracket is missing', `[{"a":[1},${good}]`],
    ['a quote is missing', `[{"a":"x},${good}]`],
    ['there is no list', '{"type":"track","properties":{"batch":[1]},"a":NaN}'],
    ['something stands behind it', '[{"a":NaN}] x'],
  ])('no event is taken where %s', (_name, text) => {
    expect(fates(text)).toBe('invalid_json');
  });

  test('there are no more events than may be', () => {
    expect(fates(`[${'{},'.repeat(100)}NaN]`)).toBe('too_many_events');
    expect(fates(`{"batch":[${'{},'.repeat(100)}NaN]}`)).toBe('too_many_events');
  });

  test.each([
    ['brackets', '[1,'.repeat(1_000_000)],
    ['quotes', `[${'"\\\\",'.repeat(600_000)}NaN`],
    ['backslashes', `["${'\\'.repeat(3_000_000)}`],
    ['zeros', `[1${'0'.repeat(3_000_000)}1, NaN]`],
    ['keys', `{${'"batch":1,'.repeat(300_000)}`],
    ['spaces', `{"batch"${' '.repeat(3_000_000)}`],
    ['a long text', `[{"a":"${'x'.repeat(3_000_000)}"},NaN]`],
  ])('three megabytes of %s are looked at once', (_name, text) => {
    const before = process.cpuUsage();
    fates(text);
    expect(process.cpuUsage(before).user).toBeLessThan(3_000_000);
  });
});

describe('equal events without an id', () => {
  const { at, ...unnamed } = { ...track, at: '2026-01-31T12:00:00.000Z' };
  const nameless = { ...unnamed, timestamp: at };
  const ids = (body: unknown) => {
    const reading = read(body);
    if (!reading.ok) throw new Error(reading.problem);
    return reading.body.events.map((event) => {
      const frozen = freezeEvent(event, CONTEXT);
      return frozen.ok ? frozen.event.messageId : frozen.rejection.reason;
    });
  };

  test('in one request are as many events, and the same ones when it is sent again', () => {
    const body = { batch: [nameless, nameless, { ...nameless, event: 'Other' }, nameless] };
    const first = ids({ ...body, sentAt: '2026-01-31T12:00:01.000Z' });
    expect(new Set(first).size).toBe(4);
    expect(ids({ ...body, sentAt: '2026-01-31T12:05:00.000Z' })).toEqual(first);
    expect(first[0]).toBe(ids([nameless])[0]);
    expect(first[1]).toBe(`${first[0]}-2`);
    expect(first[3]).toBe(`${first[0]}-3`);
    expect(ids(body.batch)).toEqual(first);
  });

  test.each([
    ['an empty id', { messageId: '' }],
    ['null for an id', { messageId: null }],
    ['null for a field', { properties: null }],
    ['another time of sending', { sentAt: '2026-01-31T12:00:02.000Z' }],
    ['a time of receipt', { receivedAt: '2026-01-31T12:00:02.000Z' }],
  ])('are equal with %s, too', (_name, change) => {
    expect(new Set(ids([nameless, { ...nameless, ...change }])).size).toBe(2);
  });

  test('stay apart when they are refused first, and looked at again one by one', () => {
    const reading = read([nameless, nameless]);
    const refused = reading.ok ? reading.body.events.map((event) => keepRefused(event, undefined)) : [];
    expect(new Set(refused.flatMap((event) => ids([event]))).size).toBe(2);
  });

  test('with an id of their own are left as they are, and so are those that will be refused', () => {
    const named = { ...nameless, messageId: 'm1' };
    expect(ids([named, named])).toEqual(['m1', 'm1']);
    expect(ids([unnamed, unnamed])).toEqual(Array(2).fill('no_message_id_or_timestamp'));
    const deep = JSON.parse(`${'['.repeat(500)}${']'.repeat(500)}`);
    expect(ids([{ ...nameless, deep }, nameless, null])).toEqual([
      'too_deep',
      ids([nameless])[0],
      'not_an_object',
    ]);
  });
});

test('never throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"batch":[${json}],"context":${json}}`),
  );
  fc.assert(fc.property(text, (body) => expect(typeof readBody(body, bounds).ok).toBe('boolean')));
});
