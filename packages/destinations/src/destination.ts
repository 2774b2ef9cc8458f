import type { UsageEvent, Verdict } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { MappingFailure } from '@meterbridge/usage-mapping';
import type { z } from 'zod';
import type { HttpAnswer } from './http-answer.js';
import type { HttpClient } from './http-client.js';

/** Where and how to reach a billing API. `headers` hold the key: never log them. */
export type Connection = { baseUrl: string; headers: Record<string, string>; timeoutMs: number };

/**
 * A usage event that lacks its subscription, which the event does not name: the destination has to be asked
 * for the one that the customer had at the event's time.
 */
export type PendingUsage = {
  customer: string;
  /** The event's own time, epoch milliseconds. */
  at: number;
  complete(subscription: string): UsageEvent;
};

export type MappedUsage =
  | { ok: true; usage: UsageEvent; pending?: undefined }
  | { ok: true; usage?: undefined; pending: PendingUsage }
  | { ok: false; code: 'unmapped' | 'unknown_rule'; failure: MappingFailure };

/** One configured destination, compiled: everything about its API that is not input or output. */
export type Destination = {
  name: string;
  type: string;
  /** Events in one request, at most. */
  batchSize: number;
  /** Bytes in one request's body, at most. */
  maxBytes: number;
  /** The account's budget, shared by all workers, and the requests one worker has open at once. */
  limit: { requestsPerSecond: number | 'unlimited'; concurrency: number };
  connection: Connection;
  /** Set where a rule has subscriptions looked up: the budget for that, shared by all workers. */
  subscriptionReads?: { requestsPerSecond: number | 'unlimited'; concurrency: number } | undefined;
  /** Writes one event for the API under the named rule. Deterministic: the same event, the same bytes. */
  map(rule: string, event: SegmentEvent): MappedUsage;
  /** Joins frozen bodies to one request. At least one; one `slot` at most once, and one `kind` only (see `UsageEvent`). */
  request(usages: readonly UsageEvent[]): { path: string; body: string };
  /**
   * Reads what the answer to `request(sent)` means for each event of it.
   * @param now epoch milliseconds, for limits that are told as a date
   */
  classify(answer: HttpAnswer, sent: readonly UsageEvent[], now: number): Verdict;
};

export type ConnectionCheck = { ready: true } | { ready: false; problem: string };

/**
 * What the API holds of a usage event: the same already; another under its id, beside or before which it would
 * not be what it should; nothing that stands in its way. `unasked`: its id cannot be asked for.
 */
export type Stored = 'same' | 'other' | 'nothing' | 'unasked';

/** How an API is asked what it holds. */
export type StoredLookup = {
  /** Usage events in one question, at most. */
  events: number;
  /** Requests that may be made of the API's limit, which others need as well. */
  requestsPerSecond: number;
  /** One answer a usage event, in order. Changes nothing there. */
  ask(
    http: Pick<HttpClient, 'get'>,
    usages: readonly UsageEvent[],
  ): Promise<{ ok: true; stored: Stored[] } | { ok: false; problem: string }>;
};

/**
 * What an API holds under the key of a usage event that it called a duplicate. `nothing`: it knows the id and has no
 * event under it any more; `unknown`: it was not asked, or its answer does not say.
 */
export type Held = HeldEvent | { held: 'nothing' } | { held: 'unknown' };

export type HeldEvent = {
  held: 'event';
  /** JSON with the fields that are sent, and the API's values; numbers that a double cannot hold are strings. */
  body: string;
  subscription: string;
  /** The property that the API has computed itself, whatever was sent there. */
  computed?: string;
};

/** A usage event that its API called a duplicate. */
export type ToldDuplicate = {
  /** The rule it was sent under: where not all can be asked for, each rule has its share. */
  rule: string;
  /** What was sent. */
  body: string;
};

/** How one asks. */
export type Asking = {
  /** One request, once the budget of reads allows it; null where it does not in time. */
  get: (path: string) => Promise<HttpAnswer | null>;
  /** Resolves once that an event is not there may be believed: it may have come a moment ago. */
  whenCertain: () => Promise<void>;
};

/** How an API that tells of duplicates is asked what it holds in their place. */
export type HeldLookup = {
  /** Of the API's limit, for all reads of the account. */
  reads: { requestsPerSecond: number; concurrency: number };
  /**
   * Finds what is held for each, in as few requests as it can, the most useful ones first.
   * @param tell called once for each that was found or is known to be gone, by its index; all others are unknown
   */
  find(
    asking: Asking,
    duplicates: readonly ToldDuplicate[],
    tell: (index: number, held: Held) => void,
  ): Promise<void>;
  /** The names of the fields in which they differ by value; none where they are equal. */
  compare(sent: string, held: HeldEvent): string[];
};

/** What a destination's folder exports: its settings and how they become a `Destination`. */
export type DestinationKind<Schema extends z.ZodType> = {
  type: string;
  /** Accepts only what `compile` can compile. */
  settingsSchema: Schema;
  compile(settings: z.output<Schema>): Destination;
  /** Only what maps: of rules that the schema has accepted, now or once. */
  compileRules(rules: z.output<Schema> extends { rules: infer Rules } ? Rules : never): Destination['map'];
  /** Asks the API whether URL and key are right. Stores nothing there. */
  checkConnection(http: Pick<HttpClient, 'get' | 'post'>): Promise<ConnectionCheck>;
  lookup: StoredLookup;
  /** Left out where the API never tells of a duplicate. */
  held?: HeldLookup;
};
