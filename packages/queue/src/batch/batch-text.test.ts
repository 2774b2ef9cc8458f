import { inflateRawSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../../segment-events/test/any-character.js';
import { BatchText, deliveryHead } from './batch-text.js';

const read = (text: BatchText) =>
  JSON.parse(inflateRawSync(Buffer.from(text.deflate(), 'base64')).toString());

test('what was added is read back, in order, whatever it holds', () => {
  const delivery = fc.record({
    rule: fc.string({ unit: anyCharacter }),
    source: fc.string(),
    event: fc.jsonValue(),
  });
  fc.assert(
    fc.property(fc.array(delivery), fc.array(fc.jsonValue()), (deliveries, others) => {
      const text = new BatchText();
      for (const { rule, source, event } of deliveries) {
        text.addEvent(deliveryHead(rule, source), JSON.stringify(event));
      }
      for (const other of others) text.add(JSON.stringify(other));
      expect(text.count).toBe(deliveries.length + others.length);
      // As JSON writes and reads them again: -0 is 0 then.
      expect(read(text)).toEqual(JSON.parse(JSON.stringify([...deliveries, ...others])));
    }),
  );
});

test('it grows with what is added, and says how large it is', () => {
  const text = new BatchText();
  const events = Array.from({ length: 40 }, (_, n) => ({ n, text: `${'é€😀'.repeat(9_000)}` }));
  for (const event of events) text.addEvent(deliveryHead('usage', 'backend'), JSON.stringify(event));
  expect(text.bytes).toBeGreaterThan(40 * 9_000 * 9);
  expect(read(text)).toEqual(events.map((event) => ({ rule: 'usage', source: 'backend', event })));
});

test('nothing is an empty list, and one batch holds nothing of another', () => {
  expect(read(new BatchText())).toEqual([]);
  const [one, other] = [new BatchText(), new BatchText()];
  one.add('"one"');
  other.add('"other"');
  one.add('1');
  expect(read(one)).toEqual(['one', 1]);
  const third = new BatchText();
  third.add('"third"');
  expect(read(other)).toEqual(['other']);
  expect(read(third)).toEqual(['third']);
});
