import {
  type Apart,
  type Gate,
  gateAfterAcceptance,
  gateAfterAnswer,
  gateAfterRefusal,
  gateAfterSuspicious,
  isLone,
  isTheirOwn,
  type Series,
} from '@meterbridge/delivery';
import { codeOfRefusal, type SubscriptionsVerdict } from '@meterbridge/destinations';
import { fingerprint } from './fingerprint.js';

/** How acceptances of reads are kept, apart from those of events: one says nothing of the other. */
export const READS_WAY = 'subscriptions';

/** One page of a customer's subscriptions that was asked for. Times are epoch milliseconds, by the clock that all workers share. */
export type Read = {
  customer: string;
  /** Set where reading of this customer is suspected of failing by itself. */
  apart: Apart | undefined;
  /** Printable, for the gate to keep. */
  cause: string;
  sentAt: number;
  /** When it was answered. */
  at: number;
  /** When reads were answered before. */
  series: Series | undefined;
};

/** The gate of reads after an answer to one. Pure. @param random in [0, 1) */
export function gateAfterRead(gate: Gate, verdict: SubscriptionsVerdict, read: Read, random: number): Gate {
  const { apart, cause, at } = read;
  switch (verdict.verdict) {
    case 'read':
      return gateAfterAcceptance(gate, READS_WAY, read.sentAt);
    case 'rate-limited':
      return gateAfterAnswer(gate);
    case 'transient':
    case 'refused': {
      const isRefused = verdict.verdict === 'refused';
      const code = isRefused ? codeOfRefusal(verdict.status) : verdict.code;
      const isOwn = isTheirOwn([apart], isRefused, read.series, at);
      const unnamed = isRefused
        ? { ...verdict, event: fingerprint(read.customer), isSuspect: isLone(apart), sentAt: read.sentAt }
        : undefined;
      return gateAfterSuspicious(gate, { code, cause, at }, { isOwn, unnamed }, random);
    }
    case 'hold':
      return gateAfterRefusal(gate, verdict.code, cause, at);
  }
}
