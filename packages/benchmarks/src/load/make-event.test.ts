import { expect, test } from '@jest/globals';
import { countBilled, makeBody, SHAPES } from './make-event.js';

type Event = { type: string; messageId: string };

function eventsOf(shape: (typeof SHAPES)[number], events: number): Event[] {
  const { batch } = JSON.parse(makeBody({ tag: 'x', perRequest: events, shape }, 0)) as { batch: Event[] };
  return batch;
}

test.each(SHAPES)('what is %s is JSON, and the same each time', (shape) => {
  expect(eventsOf(shape, 240)).toHaveLength(240);
  expect(eventsOf(shape, 240)).toEqual(eventsOf(shape, 240));
});

test('a large event has 8 KB', () => {
  expect(makeBody({ tag: 'x', perRequest: 1, shape: 'large' }, 7)).toHaveLength(8_192);
});

test('a mix has the six kinds of calls, 5 % of it a second time, and says how many are billed', () => {
  const mixed = eventsOf('mixed', 1_200);
  expect(new Set(mixed.map(({ type }) => type))).toEqual(
    new Set(['track', 'page', 'screen', 'identify', 'group', 'alias']),
  );
  const different = new Map(mixed.map((event) => [event.messageId, event]));
  expect(different.size).toBe(1_200 * 0.95);
  const billed = [...different.values()].filter(({ type }) => type === 'track' || type === 'page');
  expect(billed).toHaveLength(countBilled(1_200));
  expect(billed.length / different.size).toBeCloseTo(2 / 3, 1);
});
