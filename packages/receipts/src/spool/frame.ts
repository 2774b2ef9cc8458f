import { crc32 } from 'node:zlib';

/*
 * A frame: the bytes of its payload as a number, a checksum of that number and the payload, both 32 bits with the low
 * byte first, and the payload. It is one append, whole or torn. An empty payload is no frame: zeros, as a file that grew
 * before a power failure has them, would be one.
 */

/** What stands before the payload. */
export const HEAD_BYTES = 8;

const LENGTH_BYTES = 4;
const MAX_PAYLOAD_BYTES = 2 ** 31;

export type FrameHead = { payloadBytes: number; checksum: number };

/** Throws where the payload is empty or has more than 2 GiB: nothing like it is ever written. */
export function encodeFrame(payload: Buffer): Buffer {
  if (!isLength(payload.length)) throw new Error(`a frame of ${payload.length} bytes`);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(checksumOf(head, payload), LENGTH_BYTES);
  return Buffer.concat([head, payload]);
}

/** Null where no frame begins there. */
export function readHead(bytes: Buffer, at = 0): FrameHead | null {
  if (bytes.length < at + HEAD_BYTES) return null;
  const payloadBytes = bytes.readUInt32LE(at);
  return isLength(payloadBytes) ? { payloadBytes, checksum: bytes.readUInt32LE(at + LENGTH_BYTES) } : null;
}

/** Whether head and payload are what was written. */
export function isIntact(head: Buffer, payload: Buffer): boolean {
  const said = readHead(head);
  return said?.payloadBytes === payload.length && said.checksum === checksumOf(head, payload);
}

function checksumOf(head: Buffer, payload: Buffer): number {
  return crc32(payload, crc32(head.subarray(0, LENGTH_BYTES)));
}

function isLength(bytes: number): boolean {
  return bytes > 0 && bytes <= MAX_PAYLOAD_BYTES;
}
