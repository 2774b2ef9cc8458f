import type { RequestHead } from './destination.js';
import type { HttpAnswer } from './http-answer.js';

/** One billing API, as a port. Network trouble is an answer, never a throw. */
export type HttpClient = {
  /** Sends a body as it is, text as UTF-8: the bytes were frozen before. */
  post(path: string, body: string | Uint8Array, head?: RequestHead): Promise<HttpAnswer>;
  get(path: string): Promise<HttpAnswer>;
  /** Ends the kept connections. Requests in flight are answered with `connection`. */
  close(): void;
};
