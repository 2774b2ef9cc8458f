import nodeCrypto from 'node:crypto';
import { createContext, runInContext } from 'node:vm';

/** What a pasted function sent, read from its JSON. */
export type SentBody = Record<string, unknown>;

const ERRORS = `
class RetryError extends Error {}
class EventNotSupported extends Error {}
class InvalidEventPayload extends Error {}
class ValidationError extends Error {}
`;

/**
 * Runs a function as Segment would, with an API that takes everything, and gives back what it sent. For the
 * tests' own functions only: the product reads code and runs none.
 */
export async function runPasted(source: string, handler: string, event: unknown): Promise<SentBody[]> {
  const sent: SentBody[] = [];
  const fetch = async (_url: string, options: { body: string }) => {
    sent.push(JSON.parse(options.body) as SentBody);
    return { ok: true, status: 200, json: async () => ({}), text: async () => '', headers: new Map() };
  };
  const context = createContext({ fetch, crypto: nodeCrypto, console: { log() {} } });
  const run = runInContext(`${ERRORS}${source}\n;${handler}`, context) as (
    given: unknown,
    settings: unknown,
  ) => Promise<unknown>;
  const given = structuredClone(event);
  // An event that makes the function stumble is one that it does not send.
  await Promise.resolve()
    .then(() =>
      run(handler === 'onBatch' ? [given] : given, { apiKey: 'k', endpoint: 'https://ingest.hyperline.co' }),
    )
    .catch(() => {});
  return sent;
}
