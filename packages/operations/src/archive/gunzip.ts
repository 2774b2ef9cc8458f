import { constants, createGunzip } from 'node:zlib';

/**
 * Fed at once: larger ones hold more in memory, up to a thousand times as much, and take longer byte by byte; smaller
 * ones cost time.
 */
const PIECE_BYTES = 4 * 1024;
/** Inflated at once: smaller ones cost time, larger ones memory. */
const OUTPUT_BYTES = 64 * 1024;

/**
 * Inflates gzip, of one member or several, a piece at a time. Throws what is wrong with it, after everything that
 * stands before the damage.
 *
 * zlib throws away what it has inflated of a piece that turns out to be damaged, up to its last byte. So a second
 * one follows a piece behind: where the first one fails, the second one is fed the same piece byte by byte.
 */
export async function* gunzip(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const first = new Inflater();
  const second = new Inflater();
  let behind: Buffer = Buffer.alloc(0);
  try {
    for await (const bytes of input) {
      for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
        const piece = bytes.subarray(from, from + PIECE_BYTES);
        const [{ output, error }] = await Promise.all([first.feed(piece), second.feed(behind)]);
        if (error) {
          yield* untilDamage(second, piece);
          throw error;
        }
        yield* output;
        behind = piece;
      }
    }
    const { output, error } = await first.end();
    yield* output;
    if (error) throw error;
  } finally {
    first.close();
    second.close();
  }
}

async function* untilDamage(inflater: Inflater, piece: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < piece.length; at++) {
    const { output, error } = await inflater.feed(piece.subarray(at, at + 1));
    yield* output;
    if (error) return;
  }
}

type Inflated = { output: Buffer[]; error?: Error };

/** zlib's inflater as a function of one piece after the other. */
class Inflater {
  private readonly zlib = createGunzip({ chunkSize: OUTPUT_BYTES, flush: constants.Z_SYNC_FLUSH });
  private output: Buffer[] = [];
  private error: Error | undefined;
  private hasEnded = false;
  private fed = 0;
  private wake = () => {};

  constructor() {
    this.zlib.on('data', (bytes: Buffer) => this.output.push(bytes));
    this.zlib.on('error', (error) => {
      this.error = error;
      this.wake();
    });
    this.zlib.on('end', () => {
      this.hasEnded = true;
      this.wake();
    });
  }

  async feed(piece: Buffer): Promise<Inflated> {
    if (piece.length === 0) return { output: [] };
    this.fed += piece.length;
    if (!this.hasEnded && !this.error) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        this.zlib.write(piece, () => resolve());
      });
    }
    // It ends at zeros, which pad a tape's block, and looks at nothing behind them.
    const unread = this.hasEnded
      ? piece.subarray(-Math.min(piece.length, this.fed - this.zlib.bytesWritten))
      : [];
    if (unread.some((byte) => byte !== 0)) this.error ??= new Error('something else stands behind its end');
    return this.take();
  }

  async end(): Promise<Inflated> {
    if (!this.hasEnded && !this.error) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        this.zlib.end();
      });
    }
    return this.take();
  }

  close(): void {
    this.zlib.destroy();
  }

  private take(): Inflated {
    const { output, error } = this;
    this.output = [];
    return { output, error };
  }
}
