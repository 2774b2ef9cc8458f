import type { Shape } from './make-event.js';

/** What a load generator is to send; given to its process as JSON. */
export type LoadPlan = {
  events: number;
  perRequest: number;
  /** Begins the events' ids: two loads of one stage need two. */
  tag: string;
  /** Events that cannot be mapped: their tokens are no number. */
  unmappable?: boolean;
  /** Default: track calls of about 530 bytes that are all billed. */
  shape?: Shape;
};

/** As fast as the answers come: the next request leaves when one is answered. */
export type ClosedPlan = LoadPlan & { url: string; connections: number };

/** By a schedule, whatever the answers do; to each receiver in turn. */
export type OpenPlan = LoadPlan & {
  urls: string[];
  eventsPerSecond: number;
  /** Events at the beginning whose requests are not timed: generator and receiver get warm. */
  untimed: number;
};

/** What became of it. */
export type Sent = {
  /** Epoch milliseconds. */
  startedAt: number;
  endedAt: number;
  events: number;
  requests: number;
  /** Requests that were not answered 2xx, or not at all. */
  failed: number;
  /** Milliseconds until the answer; of an open load from the time by schedule. */
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** CPU of the generator while it sent. */
  cpuSeconds: number;
};
