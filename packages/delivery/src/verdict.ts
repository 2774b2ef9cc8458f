import type { HoldCode, Outcome, TransientCode } from './outcome.js';

/**
 * What one request's answer means, read by a destination's pure `classify`. The sender acts on it; only
 * outcomes reach the job.
 */
export type Verdict =
  /** The answer speaks of each event: one entry per event sent, in order. */
  | { verdict: 'settled'; entries: EntryVerdict[]; waitMs?: number }
  /** Wait and send the same again; it costs no attempt. All workers wait. */
  | { verdict: 'rate-limited'; waitMs: number }
  /** Unknown whether it was stored: the same bytes are sent later. */
  | { verdict: 'transient'; code: TransientCode; status?: number; detail: string }
  /** A person has to mend the key or the URL. */
  | { verdict: 'hold'; code: HoldCode; status: number; detail: string }
  /** The request is too large (`bytes`) or has too many events (`events`): send it in halves. */
  | { verdict: 'smaller'; by: 'bytes' | 'events'; status: number; detail: string }
  /**
   * Refused, and the answer does not say which event it speaks of, or that it does not speak of the way.
   * @property isWorded whether it is the API's own: then it is the last word on an event that the API has named before
   * @property waitMs how long a 429 asks to wait
   */
  | { verdict: 'refused'; status: number; detail: string; isWorded: boolean; waitMs?: number };

export type EntryVerdict =
  | Outcome
  /** Innocent, but the batch it was in was refused: send it again at once, with others. */
  | { outcome: 'resend' }
  /** Send it alone, so that the API says what of it. @property isNamed the API did not take it, and gave no reason */
  | { outcome: 'alone'; isNamed: boolean };
