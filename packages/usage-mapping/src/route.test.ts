import { expect, test } from '@jest/globals';
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
