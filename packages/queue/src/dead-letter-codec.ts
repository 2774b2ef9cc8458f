import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** A dead letter's entry in the stream: compressed JSON, so that a hundred thousand of them fit in memory. */
export function encodeDeadLetter(letter: unknown): Buffer {
  return deflateRawSync(JSON.stringify(letter), { level: 6 });
}

/** Its JSON. Throws on what is damaged. */
export function inflateDeadLetter(z: Buffer): string {
  return inflateRawSync(z).toString();
}
