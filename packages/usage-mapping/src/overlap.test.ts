import { expect, test } from '@jest/globals';
import { eventsTakenBy, mayOverlap } from './overlap.js';

type Routed = Parameters<typeof eventsTakenBy>[0];

const mayTakeTheSameEvent = (a: Routed, b: Routed) => mayOverlap(eventsTakenBy(a), eventsTakenBy(b));

test.each<[string | undefined, string | undefined]>([
  ['event = "A"', 'event = "B"'],
  ['type = "track" and event = "A"', 'type = "track" and event in ["B", "C"]'],
  ['type = "identify"', 'type = "track" and event = "A"'],
  ['event = "A"', 'event != "A"'],
  ['event = "A"', '!(event = "A")'],
  ['event in ["A", "B"]', '!(event in ["A", "B", "C"])'],
  ['event = "A" or event = "B"', 'event = "C" or event = "D"'],
  ['(type = "track" and event = "A") or type = "page"', 'type = "track" and event = "B"'],
  ['contains(event, "x")', 'type = "track" and !contains(event, "x")'],
  ['properties.tokens > 5', '!(properties.tokens > 5)'],
  ['properties.test', '!properties.test'],
  ['!(event = "A" or event = "B")', 'event = "A"'],
  ['!(event = "A" and type = "track")', 'event = "A" and type = "track"'],
  ['properties.plan = null', 'properties.plan = "pro"'],
  ['properties.n = 1', 'properties.n = "1"'],
  ['properties.tokens > 5', 'properties.tokens < 3'],
  ['properties.tokens > 5', '5 >= properties.tokens'],
  ['properties.tokens >= 5', 'properties.tokens = null'],
  ['"A" = event', 'event = "B"'],
])('no event is taken by %j and by %j', (a, b) => {
  expect(mayTakeTheSameEvent({ when: a }, { when: b })).toBe(false);
  expect(mayTakeTheSameEvent({ when: b }, { when: a })).toBe(false);
});

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  [undefined, 'event = "A"'],
  ['event = "A"', 'event = "A"'],
  ['event = "A"', 'type = "track"'],
  ['event != "A"', 'event != "B"'],
  ['event in ["A", "B"]', 'event in ["B", "C"]'],
  ['event = "A" or type = "page"', 'event = "B"'],
  ['match(event, "A*")', 'match(event, "B*")'],
  ['properties.tokens >= 5', 'properties.tokens <= 5'],
  ['event = properties.name', 'event = "B"'],
])('an event may be taken by %j and by %j', (a, b) => {
  expect(mayTakeTheSameEvent({ when: a }, { when: b })).toBe(true);
  expect(mayTakeTheSameEvent({ when: b }, { when: a })).toBe(true);
});

test('sources that are not shared keep rules apart', () => {
  expect(mayTakeTheSameEvent({ sources: ['web'] }, { sources: ['backend'] })).toBe(false);
  expect(mayTakeTheSameEvent({ sources: ['web', 'app'] }, { sources: ['app'] })).toBe(true);
  expect(mayTakeTheSameEvent({ sources: ['web'] }, {})).toBe(true);
});

test('a filter of too many cases may overlap with anything', () => {
  const pair = (index: number) => `(properties.a${index} = 1 or properties.b${index} = 1)`;
  const when = (pairs: number) =>
    `event = "A" and ${Array.from({ length: pairs }, (_, index) => pair(index)).join(' and ')}`;
  expect(mayTakeTheSameEvent({ when: when(5) }, { when: 'event = "B"' })).toBe(false);
  expect(mayTakeTheSameEvent({ when: when(20) }, { when: 'event = "B"' })).toBe(true);
});

test.each<[string | undefined, string | undefined, boolean]>([
  [undefined, undefined, true],
  ['event = "A"', undefined, true],
  ['event = "B"', undefined, false],
  [undefined, 'event != "A"', false],
  ['type = "track"', 'event in ["A", "B"]', true],
])('an event that is called A may be taken by %j and by %j: %p', (a, b, may) => {
  const where = { path: ['event'], value: 'A' };
  expect(mayOverlap(eventsTakenBy({ when: a }), eventsTakenBy({ when: b }), where)).toBe(may);
});
