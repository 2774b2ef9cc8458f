import nodeCrypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createContext, runInContext } from 'node:vm';

const SOURCE = new URL('../../../docs/segment-function/function.js', import.meta.url);
const HANDLERS = [
  'onBatch',
  'onTrack',
  'onIdentify',
  'onPage',
  'onScreen',
  'onGroup',
  'onAlias',
  'onDelete',
] as const;

export type Settings = { endpoint?: string; secret?: string };
export type EventStatus = { status: number; errormessage?: string };

/** The function's handlers, as Segment calls them. */
export type SegmentFunction = Record<
  (typeof HANDLERS)[number],
  (events: unknown, settings: Settings) => Promise<EventStatus[] | undefined>
>;

/** What Segment's runtime knows besides the language: these errors decide whether an event is sent again. */
export class RetryError extends Error {
  override name = 'RetryError';
}
export class InvalidEventPayload extends Error {
  override name = 'InvalidEventPayload';
}

/**
 * Loads the published function as Segment does: its text, with node-fetch 2 as `fetch` and Node's `crypto`,
 * and nothing to import (segment-docs: functions/runtime.md).
 * @param now the runtime's clock, in milliseconds
 */
export function loadFunction(now: () => number = Date.now): SegmentFunction {
  const nodeFetch: unknown = createRequire(import.meta.url)('node-fetch');
  const context = createContext({ fetch: nodeFetch, crypto: nodeCrypto, RetryError, InvalidEventPayload });
  const handlers = runInContext(`${readFileSync(SOURCE, 'utf8')}\n;({ ${HANDLERS} })`, context);
  runInContext('(now) => { Date.now = now; }', context)(now);
  return handlers as SegmentFunction;
}
