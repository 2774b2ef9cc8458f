import {
  type FreezeContext,
  freezeEvent,
  isEnabled,
  keepRefused,
  readTimestampMs,
} from '@meterbridge/segment-events';
import type { ReceivedEvent, ReceiverRejectionReason, ReceiverSource, RejectedEvent } from './ports.js';

/** What becomes of one event, as its sender is told. */
export type EventResult =
  | { status: 'accepted' }
  /** By its own `integrations`. */
  | { status: 'ignored' }
  | { status: 'rejected'; reason: ReceiverRejectionReason; message: string };

export type Judgement = {
  received: ReceivedEvent[];
  rejected: RejectedEvent[];
  /** Sources of the events that are switched off, one each. */
  ignored: string[];
  /** In the order of the events. */
  results: EventResult[];
};

/**
 * Decides for each event of a request whether it is taken, refused or not meant for this installation,
 * and takes personal data out of all that will be stored. No event's fate depends on its neighbours.
 * @param sources Whose each event is, in the same order; undefined for one with a key nobody knows.
 * @param sender Keeps the dead letters of events that are nobody's.
 */
export function judgeEvents(
  events: readonly unknown[],
  sources: readonly (ReceiverSource | undefined)[],
  sender: ReceiverSource,
  context: FreezeContext,
): Judgement {
  const judgement: Judgement = { received: [], rejected: [], ignored: [], results: [] };
  const { via } = context;
  for (const [index, raw] of events.entries()) {
    const source = sources[index];
    if (!source) {
      const refusal = {
        reason: 'unknown_write_key',
        detail: 'writeKey is not one of this installation',
      } as const;
      reject(judgement, sender, refusal, raw, context);
      continue;
    }
    const frozen = freezeEvent(raw, source.clock ? { ...context, clock: source.clock } : context);
    if (!frozen.ok) {
      reject(judgement, source, frozen.rejection, raw, context);
    } else if (via === 'tracking' && isSwitchedOff(frozen.event.integrations, source)) {
      judgement.ignored.push(source.name);
      judgement.results.push({ status: 'ignored' });
    } else {
      const event = source.applyPrivacy ? source.applyPrivacy(frozen.event) : frozen.event;
      judgement.received.push({
        source: source.name,
        via,
        event,
        timeFromReceipt: frozen.timeFromReceipt,
      });
      judgement.results.push({ status: 'accepted' });
    }
  }
  return judgement;
}

function isSwitchedOff(integrations: unknown, source: ReceiverSource): boolean {
  return source.integrationNames.length > 0 && !isEnabled(integrations, source.integrationNames);
}

function reject(
  judgement: Judgement,
  source: ReceiverSource,
  refusal: { reason: ReceiverRejectionReason; detail: string },
  raw: unknown,
  context: FreezeContext,
): void {
  const { reason, detail } = refusal;
  const sentAtMs = readTimestampMs(context.sentAt);
  judgement.rejected.push({
    source: source.name,
    via: context.via,
    reason,
    detail,
    raw: keepRefused(raw, source.applyPrivacy),
    receivedAt: new Date(context.receivedAtMs).toISOString(),
    ...(sentAtMs === null ? {} : { sentAt: new Date(sentAtMs).toISOString() }),
  });
  judgement.results.push({ status: 'rejected', reason, message: detail });
}
