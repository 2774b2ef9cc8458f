import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answer.js';

/** Sends an answer; a client that has gone is no error. */
export function send(res: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body);
  res.writeHead(answer.status, toHeaders(answer, body.length));
  res.end(body);
}

/** Promises the whole, sends half, and hangs up. */
export function sendHalf(res: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body);
  res.writeHead(answer.status, toHeaders(answer, Math.max(2, body.length)));
  res.write(body.length > 1 ? body.subarray(0, body.length >> 1) : ' ', () => res.destroy());
}

/** Reads a request's body as text. A request that breaks off never gets there. */
export function readBody(req: IncomingMessage, then: (body: string) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => then(chunks.length === 1 ? chunks[0]!.toString() : Buffer.concat(chunks).toString()));
}

function toHeaders(answer: Answer, length: number): Record<string, string | number> {
  return { 'content-type': 'application/json; charset=utf-8', 'content-length': length, ...answer.headers };
}
