import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** A dead letter's entry in the stream: compressed JSON, so that a hundred thousand of them fit in memory. */
export function encodeDeadLetter(letter: unknown): Buffer {
  return deflateRawSync(JSON.stringify(letter), { level: 6 });
}

export function decodeDeadLetter<Letter>(z: Buffer): Letter {
  return JSON.parse(inflateRawSync(z).toString()) as Letter;
}
