import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

export type RawBody =
  | { ok: true; bytes: Buffer; sentBytes: number }
  | {
      ok: false;
      problem: 'too_large' | 'inflates_too_large' | 'unknown_encoding' | 'broken_encoding' | 'aborted';
    };

/** The most a body may be as sent, and decompressed, in bytes. */
export type BodyLimits = { bodyBytes: number; inflatedBytes: number };

const decompressors = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  deflateRaw: promisify(inflateRaw),
  br: promisify(brotliDecompress),
};

/**
 * Reads a body whatever its Content-Type: clients send JSON as text/plain, as a form and as nothing at
 * all, and a parser that goes by the type answers success for an empty body. What is too large is not
 * read to its end here; the server's request timeout bounds how long the rest may keep coming.
 */
export async function readRawBody(req: IncomingMessage, limits: BodyLimits): Promise<RawBody> {
  if (Number(req.headers['content-length']) > limits.bodyBytes) return { ok: false, problem: 'too_large' };
  const sent = await collect(req, limits.bodyBytes);
  if (typeof sent === 'string') return { ok: false, problem: sent };
  const encoding = req.headers['content-encoding'];
  if (encoding === undefined) return withinInflated(sent, sent.length, limits);
  return decompress(sent, encoding.trim().toLowerCase(), limits);
}

function withinInflated(bytes: Buffer, sentBytes: number, limits: BodyLimits): RawBody {
  return bytes.length > limits.inflatedBytes
    ? { ok: false, problem: 'inflates_too_large' }
    : { ok: true, bytes, sentBytes };
}

function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer | 'too_large' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    req.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve('too_large');
    });
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    // After 'end' these come too late to matter.
    req.on('error', () => resolve('aborted'));
    req.on('close', () => resolve('aborted'));
  });
}

async function decompress(sent: Buffer, encoding: string, limits: BodyLimits): Promise<RawBody> {
  if (encoding === 'identity' || encoding === '') return withinInflated(sent, sent.length, limits);
  const decompressor = chooseDecompressor(sent, encoding);
  if (!decompressor) return { ok: false, problem: 'unknown_encoding' };
  try {
    const bytes = await decompressor(sent, { maxOutputLength: limits.inflatedBytes });
    return { ok: true, bytes, sentBytes: sent.length };
  } catch (error) {
    const isBomb = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    return { ok: false, problem: isBomb ? 'inflates_too_large' : 'broken_encoding' };
  }
}

function chooseDecompressor(sent: Buffer, encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return decompressors.gzip;
    case 'deflate':
      // By the standard it has a zlib header, whose low nibble is 8; some clients leave the header out.
      return ((sent[0] ?? 0) & 0x0f) === 8 ? decompressors.deflate : decompressors.deflateRaw;
    case 'br':
      return decompressors.br;
    default:
      return null;
  }
}
