import type { UsageEvent, Verdict } from '@meterbridge/delivery';
import type { SegmentEvent } from '@meterbridge/segment-events';
import type { EventValue, MappingFailure } from '@meterbridge/usage-mapping';
import type { z } from 'zod';
import type { HttpAnswer } from './http-answer.js';
import type { HttpClient } from './http-client.js';
import type { RequestRate } from './settings.js';

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
  /**
   * The billing account's budgets, for events and for what is asked beside them, shared by all workers; and the
   * requests with events that one worker has open at once.
   */
  limit: { requestsPerSecond: RequestRate; readsPerSecond: RequestRate; concurrency: number };
  connection: Connection;
  /** Whether a rule has subscriptions looked up. */
  looksUp: boolean;
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
  /** One answer a usage event, in order. Changes nothing there. */
  ask(
    http: Pick<HttpClient, 'get'>,
    usages: readonly UsageEvent[],
  ): Promise<{ ok: true; stored: Stored[] } | { ok: false; problem: string }>;
};

/** Two rules give one event one id; `where`: only an event that has this value there. */
export type SharedId = { where?: EventValue };

/** One of a destination's rules, as its schema accepts them. */
type RuleOf<Schema extends z.ZodType> = z.output<Schema> extends { rules: (infer Rule)[] } ? Rule : never;

/** How the ids come about that an API tells usage events apart by. Pure. */
export type RuleIdentity<Rule> = {
  /** What the API calls the id. */
  name: string;
  /** A text that stands for how a rule makes its ids: the same way, the same text. Holds no name of the rule. */
  of(rule: Rule): string;
  /** Null where two rules never give one event one id. */
  shared(a: Rule, b: Rule): SharedId | null;
  /** What to write in the rule of this name, so that its ids are its own. */
  remedy(rule: string): string;
};

/** What a destination's folder exports: its settings and how they become a `Destination`. */
export type DestinationKind<Schema extends z.ZodType> = {
  type: string;
  /** Accepts only what `compile` can compile. */
  settingsSchema: Schema;
  compile(settings: z.output<Schema>): Destination;
  /** Only what maps: of rules that the schema has accepted, now or once. */
  compileRules(rules: RuleOf<Schema>[]): Destination['map'];
  identity: RuleIdentity<RuleOf<Schema>>;
  /** Asks the API whether URL and key are right. Stores nothing there. */
  checkConnection(http: Pick<HttpClient, 'get' | 'post'>): Promise<ConnectionCheck>;
  lookup: StoredLookup;
};
