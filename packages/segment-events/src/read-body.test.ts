import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readBody, writeKeyOf } from './read-body.js';

const bounds = { events: 100, sharedBytes: 10_000 };
const read = (body: unknown, ...rest: [] | ['track']) => readBody(JSON.stringify(body), bounds, ...rest);
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

test('never throws', () => {
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"batch":[${json}],"context":${json}}`),
  );
  fc.assert(fc.property(text, (body) => expect(typeof readBody(body, bounds).ok).toBe('boolean')));
});
