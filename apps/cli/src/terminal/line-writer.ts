import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { printable } from './print.js';

/**
 * Writes many lines, in large pieces and no faster than they are taken: a million of them never wait here. Like all that
 * is printed they command no terminal; JSON stays what it is.
 */
export type LineWriter = {
  write(line: string): Promise<void>;
  /** Writes what is left. Call at the end. */
  end(): Promise<void>;
};

const PIECE = 64 * 1024;
const PLAIN = { isTTY: false };

/** @param stream stays open; what goes wrong with it is its owner's */
export function createLineWriter(stream: Writable): LineWriter {
  let piece = '';
  const flush = async () => {
    const full = piece;
    piece = '';
    if (full !== '' && !stream.write(full)) await once(stream, 'drain');
  };
  return {
    async write(line) {
      piece += `${printable(line, PLAIN)}\n`;
      if (piece.length >= PIECE) await flush();
    },
    end: flush,
  };
}
