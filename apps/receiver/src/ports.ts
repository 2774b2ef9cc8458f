import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Source } from '@meterbridge/config';
import type { ReportedFault } from '@meterbridge/destinations';
import type {
  DeletionCall,
  EventLimits,
  RefusalCount,
  RejectedEvent,
  RequestRef,
  SegmentEvent,
  Via,
} from '@meterbridge/segment-events';
import type { HealthDeps, ReceiverEvents, Tracer } from '@meterbridge/telemetry';
import type { RefusalLease } from './refusal-guard.js';
import type { FindWebhooks } from './webhooks/destination-webhooks.js';

/** Why an event is counted that is of a person who is refused; no sender is told. */
export const PERSON_REFUSED = 'person_refused';

export type ReceivedEvent = {
  source: string;
  via: Via;
  event: SegmentEvent;
  /** Its time is the one of its first receipt, which `commit` has to look up (see `freezeEvent`). */
  timeFromReceipt: boolean;
};

/** What `commit` rejects with where the store takes nothing now. Both pass by themselves. */
export type StoreRefusal = Error & { code: 'store_unavailable' | 'store_full'; retryAfterSeconds?: number };

export type ReceiverLimits = EventLimits & {
  /** The most a request body may be as it is sent, in bytes. */
  bodyBytes: number;
  /** The most a request body may be decompressed, in bytes. */
  inflatedBytes: number;
};

/** What happens between a request and its commit; commits are told by their writer. */
export type ReceiverTelemetry = Omit<
  ReceiverEvents,
  'deliveriesCommitted' | 'requestCommitted' | 'eventsUntaken' | 'refusalsNotKept' | 'sourcesKnown'
>;

/** Takes the requests with events under one configuration: what begins under it ends under it. */
export type Intake = {
  /** Answers a request of its routes. @returns false for any other, which is left as it is */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
  /** Resolves once no request is under way any more. */
  settled(): Promise<void>;
};

export type ReceiverDeps = HealthDeps & {
  /** What takes a request that begins now. */
  intake: () => Intake;
  /** Told of the receiver's work. */
  record: ReceiverTelemetry;
};

/** What one configuration is to the requests that begin under it. */
export type IntakeDeps = {
  sources: Source[];
  /**
   * Resolves when all of it is durable; a sender is told success after that and not before. Rejects
   * within a second where it cannot be done, and of refused events within four: with a `StoreRefusal`, or the sender is
   * told 500. Of `rejected` it keeps what there is room for; those of `notKept` are counted alone.
   */
  commit: (
    received: ReceivedEvent[],
    rejected: RejectedEvent[],
    notKept: readonly RefusalCount[],
    request: RequestRef | undefined,
  ) => Promise<void>;
  /**
   * Resolves once what calls ask for is durable: the people that they name are forgotten by a worker. Rejects as `commit`
   * does.
   * @param calls by the source that brought them
   */
  requestForget: (calls: ReadonlyMap<string, readonly DeletionCall[]>) => Promise<void>;
  /** What reads the webhooks of a destination's API. */
  findWebhooks: FindWebhooks;
  /**
   * Resolves once what a destination's API reports is durable; the same report again adds nothing. Rejects as `commit`
   * does.
   * @param report names it
   */
  keepReport: (
    destination: string,
    report: string,
    faults: readonly ReportedFault[],
  ) => Promise<{ added: number; notKept: number }>;
  /** Asked before a body is read: how long to send clients away for, or null. */
  pressure: () => { retryAfterSeconds: number } | null;
  /** Milliseconds since 1970. */
  now: () => number;
  limits: ReceiverLimits;
  /** Has a request go by the people who are refused now. */
  refusals: () => RefusalLease;
  /** Told of the receiver's work. */
  record: ReceiverTelemetry;
  /** Takes the secrets of the configurations out of a text. */
  scrub?: (text: string) => string;
  /** Left out where tracing is off. */
  tracer?: Tracer;
};
