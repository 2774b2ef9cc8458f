import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkSize, MAX_EVENT_DEPTH } from './event-size.js';

const bytesOf = (event: unknown) => Buffer.byteLength(JSON.stringify(event));

test.each<[string, string]>([
  ['plain', 'a'],
  ['quotes', '"\\'],
  ['lines', 'a line\n\tand another\r\n'],
  ['control characters', 'a\u0001b'],
  ['umlauts', 'größer – als'],
  ['emoji', 'yes 👍🏽'],
  ['halves of a pair', 'x\ud83d'],
])('a text of %s is refused from the byte on that is too many', (_name, part) => {
  for (const length of [50, 5_000]) {
    const event = { type: 'track', properties: { prompt: part.repeat(length / part.length) } };
    const bytes = bytesOf(event);
    expect(checkSize(event, bytes)).toBeNull();
    expect(checkSize(event, bytes - 1)).toMatchObject({ reason: 'too_large' });
  }
});

test('whatever an event is, what it takes as JSON decides', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.integer({ min: -40, max: 40 }),
      (event, apart) => {
        const most = bytesOf(event) + apart;
        expect(checkSize(event, most)?.reason).toBe(apart < 0 ? 'too_large' : undefined);
      },
    ),
  );
});

test('what is nested too deep, or is no JSON, is refused however small it is', () => {
  let nested: unknown = 1;
  for (let level = 0; level < MAX_EVENT_DEPTH; level += 1) nested = [nested];
  expect(checkSize(nested, 1_000)).toBeNull();
  expect(checkSize([nested], 1_000)).toMatchObject({ reason: 'too_deep' });
  expect(checkSize({ a: [Number.POSITIVE_INFINITY] }, 1_000)).toMatchObject({ reason: 'invalid_field' });
});
