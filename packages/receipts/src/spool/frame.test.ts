import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame, HEAD_BYTES, isIntact, readHead } from './frame.js';

const split = (frame: Buffer) => [frame.subarray(0, HEAD_BYTES), frame.subarray(HEAD_BYTES)] as const;

test('a frame is read back as it was written', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (bytes) => {
      const [head, payload] = split(encodeFrame(Buffer.from(bytes)));
      expect(readHead(head)?.payloadBytes).toBe(bytes.length);
      expect(isIntact(head, payload)).toBe(true);
    }),
  );
});

test('a frame with one changed byte is not intact', () => {
  const frame = encodeFrame(Buffer.from('{"id":"1-0"}'));
  for (let at = 0; at < frame.length; at++) {
    const [head, payload] = split(Buffer.from(frame).fill(frame[at]! ^ 1, at, at + 1));
    expect(isIntact(head, payload)).toBe(false);
  }
});

test.each([
  ['zeros', Buffer.alloc(64)],
  ['half a head', encodeFrame(Buffer.from('x')).subarray(0, HEAD_BYTES - 1)],
  ['a length that nothing has', Buffer.alloc(HEAD_BYTES, 0xff)],
])('%s begin no frame', (_what, bytes) => {
  expect(readHead(bytes)).toBeNull();
});

test('an empty payload is refused: as zeros it could not be told from nothing', () => {
  expect(() => encodeFrame(Buffer.alloc(0))).toThrow('0 bytes');
});
