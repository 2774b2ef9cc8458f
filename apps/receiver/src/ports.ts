import type { Source } from '@meterbridge/config';
import type { EventLimits, RejectedEvent, SegmentEvent, Via } from '@meterbridge/segment-events';

export type ReceivedEvent = {
  source: string;
  via: Via;
  event: SegmentEvent;
  /** Its time is the one of its first receipt, which `commit` has to look up (see `freezeEvent`). */
  timeFromReceipt: boolean;
};

/** What `commit` rejects with where the store takes nothing now. Both pass by themselves. */
export type StoreRefusal = Error & { code: 'store_unavailable' | 'store_full'; retryAfterSeconds?: number };

/** What the receiver tells of its work. None of these may throw. */
export type ReceiverTelemetry = {
  eventsAccepted: (source: string, count: number) => void;
  eventsRejected: (source: string, reason: string, count: number) => void;
  /** Not meant for this installation by their own `integrations`: answered with success, stored nowhere. */
  eventsIgnored: (source: string, count: number) => void;
  requestAnswered: (answered: {
    route: string;
    status: number;
    durationMs: number;
    bodyBytes: number;
  }) => void;
  /** Nobody foresaw this one. The sender was told 500 and will come again. */
  requestFailed: (route: string, error: unknown) => void;
};

export type ReceiverLimits = EventLimits & {
  /** The most a request body may be as it is sent, in bytes. */
  bodyBytes: number;
  /** The most a request body may be decompressed, in bytes. */
  inflatedBytes: number;
};

export type ReceiverDeps = {
  sources: Source[];
  /**
   * Resolves when all of it is durable; a sender is told success after that and not before. Rejects
   * within a second where it cannot be done: with a `StoreRefusal`, or the sender is told 500.
   */
  commit: (received: ReceivedEvent[], rejected: RejectedEvent[]) => Promise<void>;
  /** Asked before a body is read: how long to send clients away for, or null. */
  pressure: () => { retryAfterSeconds: number } | null;
  /** Milliseconds since 1970. */
  now: () => number;
  limits: ReceiverLimits;
  record: ReceiverTelemetry;
  ready: () => Promise<{ ready: boolean; reason?: string }>;
  metrics: () => Promise<{ contentType: string; body: string }>;
};
