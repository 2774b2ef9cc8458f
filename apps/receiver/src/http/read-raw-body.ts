import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { BodyMemory, type BodyShare } from './body-memory.js';

export type RawBody = { ok: true; bytes: Buffer; sentBytes: number } | { ok: false; problem: BodyProblem };

export type BodyProblem =
  | 'too_large'
  | 'inflates_too_large'
  | 'unknown_encoding'
  | 'broken_encoding'
  | 'aborted'
  /** The largest while too many came at once; good as it may be, it has to come again. */
  | 'crowded_out';

/** The most a body may be as sent, and decompressed, in bytes. */
export type BodyLimits = { bodyBytes: number; inflatedBytes: number };

export type ReadRawBody = (req: IncomingMessage) => Promise<RawBody>;

/** Bodies of the largest size that may be read at the same time; of the usual size, thousands. */
const LARGEST_AT_ONCE = 4;

/**
 * Reads bodies whatever their Content-Type: clients send JSON as text/plain, as a form and as nothing at
 * all, and a parser that goes by the type answers success for an empty body. What is too large is not
 * kept to its end; the server's request timeout bounds how long the rest may keep coming.
 */
export function createBodyReader({ bodyBytes, inflatedBytes }: BodyLimits): ReadRawBody {
  const memory = new BodyMemory(LARGEST_AT_ONCE * (bodyBytes + inflatedBytes));
  return async (req) => {
    if (Number(req.headers['content-length']) > bodyBytes) return { ok: false, problem: 'too_large' };
    const share = memory.enter();
    try {
      return await readInto(share, req);
    } finally {
      memory.leave(share);
    }
  };

  async function readInto(share: BodyShare, req: IncomingMessage): Promise<RawBody> {
    const sent = await collect(req, share, { most: bodyBytes, tooMuch: 'too_large', broken: 'aborted' });
    if (typeof sent === 'string') return { ok: false, problem: sent };
    const bytes = await decompress(sent, share, req.headers['content-encoding'] ?? 'identity');
    if (typeof bytes === 'string') return { ok: false, problem: bytes };
    return { ok: true, bytes, sentBytes: sent.length };
  }

  async function decompress(sent: Buffer, share: BodyShare, named: string): Promise<Buffer | BodyProblem> {
    const encoding = named.trim().toLowerCase();
    if (encoding === 'identity' || encoding === '') {
      return sent.length > inflatedBytes ? 'inflates_too_large' : sent;
    }
    const stream = createDecompressor(sent, encoding);
    if (!stream) return 'unknown_encoding';
    stream.end(sent);
    const ends = { most: inflatedBytes, tooMuch: 'inflates_too_large', broken: 'broken_encoding' } as const;
    const bytes = await collect(stream, share, ends);
    stream.destroy();
    return bytes;
  }

  function collect(
    stream: Readable,
    share: BodyShare,
    { most, tooMuch, broken }: { most: number; tooMuch: BodyProblem; broken: BodyProblem },
  ): Promise<Buffer | BodyProblem> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      let length = 0;
      const take = (chunk: Buffer) => {
        length += chunk.length;
        if (length > most) return letGo(tooMuch);
        chunks.push(chunk);
        memory.grow(share, chunk.length);
      };
      const letGo = (problem: BodyProblem) => {
        // The stream flows on, to nobody.
        stream.off('data', take);
        chunks.length = 0;
        resolve(problem);
      };
      share.onLost = () => letGo('crowded_out');
      if (share.isLost) return share.onLost();
      stream.on('data', take);
      stream.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
      // After 'end' these come too late to matter.
      stream.on('error', () => resolve(broken));
      stream.on('close', () => resolve(broken));
    });
  }
}

function createDecompressor(sent: Buffer, encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      // By the standard it has a zlib header, whose low nibble is 8; some clients leave the header out.
      return ((sent[0] ?? 0) & 0x0f) === 8 ? createInflate() : createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    default:
      return null;
  }
}
