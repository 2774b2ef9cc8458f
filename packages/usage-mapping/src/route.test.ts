import { expect, test } from '@jest/globals';
import { compileFql } from '@meterbridge/fql';
import type { SegmentEvent } from '@meterbridge/segment-events';
import { compileRouter, type RoutedDestination } from './route.js';

const event = { type: 'track', messageId: 'm1', event: 'API Call', userId: 'u1' } as SegmentEvent;

const destinations: RoutedDestination[] = [
  {
    name: 'lago',
    rules: [
      { name: 'calls', when: 'type = "track" and event = "API Call"' },
      { name: 'backend-only', sources: ['backend'] },
    ],
  },
  { name: 'hyperline', rules: [{ name: 'users', when: 'type = "identify"' }] },
];

function route(source: string) {
  const router = compileRouter(destinations);
  if (!router.ok) throw new Error('the filters of this test are good');
  return router.route(event, source);
}

test('every destination has one route, with the rules that take the event', () => {
  expect(route('backend')).toEqual([
    { destination: 'lago', rules: ['calls', 'backend-only'] },
    { destination: 'hyperline', rules: [] },
  ]);
});

test('a rule for one source leaves the others alone', () => {
  expect(route('frontend')[0]).toEqual({ destination: 'lago', rules: ['calls'] });
});

test('every unreadable filter is reported, with its place', () => {
  const router = compileRouter([
    { name: 'lago', rules: [{ name: 'a', when: 'type =' }, { name: 'b' }] },
    { name: 'hyperline', rules: [{ name: 'c', when: 'type = "track"\nand and' }] },
  ]);
  expect(router).toEqual({
    ok: false,
    problems: [
      { destination: 0, rule: 0, line: 1, column: expect.any(Number), message: expect.any(String) },
      { destination: 1, rule: 0, line: 2, column: expect.any(Number), message: expect.any(String) },
    ],
  });
});

/** Whatever is remembered of names before, each rule takes what its whole filter takes. */
test.each([
  'type = "track" and event = "API Call"',
  'event = "API Call" and properties.tokens > 5',
  'properties.tokens > 5 and (type = "page" or event = "API Call")',
  'type = "track" and (event = "Seat Added" or properties.tokens > 5)',
  '!(type = "track") and userId = "u1"',
  'type = "track" and event != null and properties.event = "API Call"',
  'event = properties.event',
  'contains(event, "all") and length(event) > 3',
  'true',
  'true and properties.tokens > 5',
  'event.name = "x" and type = "track"',
  'properties.a = 1 and type = "track" and properties.b = 2 and event = "API Call"',
])('of %s its name is asked once, and the rest each time', (when) => {
  const compiled = compileFql(when);
  const router = compileRouter([{ name: 'lago', rules: [{ name: 'r', when }] }]);
  if (!compiled.ok || !router.ok) throw new Error('the filters of this test are good');
  const properties = [
    {},
    { tokens: 9 },
    { tokens: 1, event: 'API Call' },
    { a: 1, b: 2, event: 'Seat Added' },
  ];
  const names = ['API Call', 'Seat Added', 'x'.repeat(300), undefined];
  const events = ['track', 'page', 'identify'].flatMap((type) =>
    names.flatMap((name) =>
      properties.map((each) => ({ ...event, type, event: name, properties: each }) as SegmentEvent),
    ),
  );
  for (const each of [...events, ...events]) {
    expect(router.route(each, 's')[0]!.rules).toEqual(compiled.matches(each) ? ['r'] : []);
  }
});

test('more names than are remembered are routed like the first', () => {
  const router = compileRouter([{ name: 'lago', rules: [{ name: 'r', when: 'event = "name 7"' }] }]);
  if (!router.ok) throw new Error('the filter of this test is good');
  const taken = Array.from({ length: 5_000 }, (_, n) =>
    router.route({ ...event, event: `name ${n % 2_500}` } as SegmentEvent, 's'),
  ).flatMap(([route], n) => (route!.rules.length > 0 ? [n] : []));
  expect(taken).toEqual([7, 2_507]);
});
