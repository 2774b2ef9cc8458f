import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatToWrite } from '@meterbridge/delivery';
import type { ReceiptEntry } from '@meterbridge/queue/batch';
import { syncFolder } from '../durable-file.js';
import { encodeFrame } from './frame.js';
import { readFrames, SpoolDamagedError } from './read-frames.js';

const FORMAT = formatToWrite('receipt');

/**
 * The open spool of a shard: entries on the archive's own disk before Redis lets go of them. One process has it open;
 * others may read it meanwhile (`readSpool`).
 */
export class Spool {
  readonly file: string;
  private readonly handle: FileHandle;
  /** Bytes that are on disk: what an append leaves behind them when it fails is cut. */
  private end: number;
  private failure: unknown;

  private constructor(file: string, handle: FileHandle, end: number) {
    this.file = file;
    this.handle = handle;
    this.end = end;
  }

  /**
   * Makes the file where there is none. A torn tail is cut: nobody was told that it was kept. All else that it holds is
   * on disk then, since a process that was killed may have written it without.
   * @throws SpoolDamagedError
   */
  static async open(file: string): Promise<Spool> {
    const handle = await open(file, 'a+');
    try {
      const end = await cutTornTail(handle, file);
      await syncFolder(dirname(file));
      return new Spool(file, handle, end);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Bytes that it holds. */
  get bytes(): number {
    return this.end;
  }

  /**
   * Once it resolves, the entries are on disk, all of them; once it rejects, none of them is there. One call at a time.
   * After a failure that could not be undone every call fails: open it again.
   */
  async append(entries: readonly ReceiptEntry[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    if (entries.length === 0) return;
    const frame = encodeFrame(Buffer.from(entries.map(toLine).join('\n')));
    try {
      await this.handle.appendFile(frame);
      await this.handle.sync();
    } catch (error) {
      // What is behind a torn frame could never be read.
      await this.cut(error);
      throw error;
    }
    this.end += frame.length;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }

  private async cut(cause: unknown): Promise<void> {
    try {
      await this.handle.truncate(this.end);
      await this.handle.sync();
    } catch {
      this.failure = new Error(`${this.file} could not be put back after a failed write`, { cause });
    }
  }
}

/** What a newer version has left in Redis keeps its number. */
function toLine(entry: ReceiptEntry): string {
  return JSON.stringify({ ...entry, format: entry.format ?? FORMAT });
}

/**
 * Cuts what an append has left that did not come to its end: nobody was told that it was kept.
 * @param handle may be written to
 * @returns bytes that stay
 * @throws SpoolDamagedError
 */
export async function cutTornTail(handle: FileHandle, file: string): Promise<number> {
  let end = 0;
  for await (const frame of readFrames(handle, file)) end = frame.end;
  await handle.truncate(end);
  await handle.sync();
  return end;
}

/**
 * The entries of a spool in the order of their arrival, up to a torn tail. Changes nothing.
 * @param tail what to do about one: `refuse` throws, for a spool that nobody appends to any more
 * @throws SpoolDamagedError where something else than its tail is damaged
 */
export async function* readSpool(
  handle: FileHandle,
  file: string,
  tail: 'leave' | 'refuse',
): AsyncGenerator<ReceiptEntry, void> {
  let end = 0;
  for await (const frame of readFrames(handle, file)) {
    end = frame.end;
    for (const line of frame.payload.toString().split('\n')) yield JSON.parse(line) as ReceiptEntry;
  }
  if (tail === 'refuse' && end < (await handle.stat()).size) throw new SpoolDamagedError(file, end);
}
