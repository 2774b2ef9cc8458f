import type { FileHandle } from 'node:fs/promises';
import { HEAD_BYTES, isIntact, readHead } from './frame.js';

/** How much is looked at in one piece for a frame behind a damaged one. */
const WINDOW_BYTES = 4 * 1_024 * 1_024;

/** Something in a spool is not what was written, and what follows it is: no crash does that, a disk or a hand does. */
export class SpoolDamagedError extends Error {
  override name = 'SpoolDamagedError';
  readonly code = 'spool_damaged';
  readonly file: string;
  /** Of the first byte that does not belong to an intact frame. */
  readonly offset: number;

  constructor(file: string, offset: number) {
    super(`${file} is damaged at byte ${offset}: put the file back as it was, from a copy`);
    this.file = file;
    this.offset = offset;
  }
}

/** The bytes of one append, and where its frame ends. */
export type Frame = { payload: Buffer; end: number };

/**
 * The frames of a file up to its end, or to a torn tail: an append that a crash cut short, or one that goes on just now.
 * @throws SpoolDamagedError where an intact frame lies behind one that is not
 */
export async function* readFrames(handle: FileHandle, file: string): AsyncGenerator<Frame, void> {
  const { size } = await handle.stat();
  let offset = 0;
  while (offset < size) {
    const payload = await readFrameAt(handle, offset, size);
    if (payload === null) {
      if (await isFrameBehind(handle, offset, size)) throw new SpoolDamagedError(file, offset);
      return;
    }
    offset += HEAD_BYTES + payload.length;
    yield { payload, end: offset };
  }
}

/** Null where no intact frame begins there. */
async function readFrameAt(handle: FileHandle, offset: number, size: number): Promise<Buffer | null> {
  const head = await readBytes(handle, offset, Math.min(HEAD_BYTES, size - offset));
  const said = readHead(head);
  if (said === null || offset + HEAD_BYTES + said.payloadBytes > size) return null;
  const payload = await readBytes(handle, offset + HEAD_BYTES, said.payloadBytes);
  return isIntact(head, payload) ? payload : null;
}

/** No frame lies within another's payload: that is JSON, which has no zero byte, as a length has. */
async function isFrameBehind(handle: FileHandle, offset: number, size: number): Promise<boolean> {
  for (let from = offset + 1; from < size; from += WINDOW_BYTES) {
    const window = await readBytes(handle, from, Math.min(WINDOW_BYTES + HEAD_BYTES, size - from));
    for (let at = 0; at < Math.min(WINDOW_BYTES, window.length); at++) {
      const said = readHead(window, at);
      const fits = said !== null && from + at + HEAD_BYTES + said.payloadBytes <= size;
      if (fits && (await readFrameAt(handle, from + at, size)) !== null) return true;
    }
  }
  return false;
}

/** Fewer where the file has become shorter meanwhile. */
async function readBytes(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await handle.read(buffer, filled, bytes - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
