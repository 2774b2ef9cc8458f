import type { Clock, Privacy, RejectionReason, SegmentEvent } from '@meterbridge/segment-events';

/** How Segment's webhooks and functions prove themselves to a source. At least one proof is configured. */
export type WebhookAccess = {
  /** Every live shared secret of X-Signature; empty where the header alone is the proof. */
  secrets: string[];
  /** A header the webhook must carry beside the signature, with every live value of it. */
  header?: { name: string; values: string[] };
  /** Every live secret of the source's Segment Function, whose signature is a proof of its own. */
  functionSecrets?: string[];
  /** Whether a batch whose signature covers its first event only is believed without a secret header. */
  acceptFirstEventSignature: boolean;
};

export type ReceiverSource = {
  name: string;
  /** Every live key, so that a rotation refuses nobody. No key belongs to two sources. */
  writeKeys: string[];
  webhook?: WebhookAccess;
  /** Whose clock its events go by; each event's own `context` tells where it is not said. */
  clock?: Clock | undefined;
  /** Takes personal data out of whatever is stored; left out where the source has no such rules. */
  applyPrivacy?: Privacy;
  /** What the `integrations` of directly sent events may call this installation; with none they are not asked. */
  integrationNames: string[];
};

/** How an event came: the Tracking API, or forwarded by Segment, which has routed it already. */
export type Via = 'tracking' | 'webhook';

export type ReceivedEvent = {
  source: string;
  via: Via;
  event: SegmentEvent;
  /** Its time is the one of its first receipt, which `commit` has to look up (see `freezeEvent`). */
  timeFromReceipt: boolean;
};

export type ReceiverRejectionReason = RejectionReason | 'unknown_write_key' | 'invalid_json';

export type RejectedEvent = {
  source: string;
  via: Via;
  reason: ReceiverRejectionReason;
  /** For people; shows nothing of what the event holds. */
  detail: string;
  /** What was sent, after the source's privacy and without write keys. */
  raw: unknown;
  receivedAt: string;
  /** When its batch was sent, by the client's clock: a later look at it corrects its time as now. */
  sentAt?: string;
};

/** What `commit` rejects with where the store takes nothing now. Both pass by themselves. */
export type StoreRefusal = Error & { code: 'store_unavailable' | 'store_full'; retryAfterSeconds?: number };

/** What the receiver tells of its work. None of these may throw. */
export type ReceiverTelemetry = {
  eventsAccepted: (source: string, count: number) => void;
  eventsRejected: (source: string, reason: ReceiverRejectionReason, count: number) => void;
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

export type ReceiverLimits = {
  /** The most a request body may be as it is sent, in bytes. */
  bodyBytes: number;
  /** The most a request body may be decompressed, in bytes. */
  inflatedBytes: number;
  /** The most JSON one event may be, in bytes; Segment's own limit is 32 KB. */
  eventBytes: number;
  maxEventAgeMs: number;
  maxEventFutureMs: number;
};

export type ReceiverDeps = {
  sources: ReceiverSource[];
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
