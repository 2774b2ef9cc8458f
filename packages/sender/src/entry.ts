import type { Apart, Outcome, RequestRef, Suspected, UsageEvent } from '@meterbridge/delivery';

/** A job that waits for the outcomes of its usage events. */
export type Waiter = {
  outcomes: Outcome[];
  open: number;
  resolve: (outcomes: Outcome[]) => void;
  /** When it began to wait, epoch milliseconds. */
  since: number;
  /** Whether something else of its job is answered. */
  isAnswered: () => boolean;
  jobId?: string;
};

/** One usage event on its way, and for a short time after it was delivered. */
export type Entry = {
  usage: UsageEvent;
  /** Of the body, in UTF-8. */
  bytes: number;
  /** When it began to wait, by the clock that `take` is told. */
  since: number;
  state: 'on its way' | 'delivered' | 'failed';
  /** Whose outcome it is, and which. */
  waiter: Waiter;
  index: number;
  /** That brought its event. */
  request: RequestRef | undefined;
  /** How often it was sent again as the innocent neighbour of a bad one. */
  rounds: number;
  /** It is being taken apart from its neighbours and must not meet others again. */
  grouped: boolean;
  /** The API has named it as one that it did not take, and not said why. */
  named: boolean;
  /** How it is sent, where it is suspected. */
  apart: Apart | undefined;
  /** The request that it was in, where that failed and is sent again in parts. */
  failed: FailedWhole | undefined;
  /** The very same usage event again, while this one is on its way. */
  twins: { waiter: Waiter; index: number; request: RequestRef | undefined }[] | undefined;
};

/** A request of unsuspected events that failed and is sent again in parts. One object for all its events. */
export type FailedWhole = {
  outcome: Suspected;
  /** Parts that failed as well, so far. */
  failedParts: number;
};
