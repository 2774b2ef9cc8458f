import type { SegmentEvent } from '@meterbridge/segment-events';

/** An event and where it goes: for each destination the rules that take it, none meaning filtered. */
export type RoutedEvent = {
  source: string;
  event: SegmentEvent;
  /** The event's time depends on when it was received; the first one ever stored is the one that holds. */
  timeFromReceipt: boolean;
  routes: readonly { destination: string; rules: readonly string[] }[];
};

/** Something that arrived and is no Segment event: a dead letter of the receiver. */
export type RejectedEvent = {
  source: string;
  /** How it came: straight from a client, or forwarded by Segment. */
  via: 'tracking' | 'webhook';
  reason: string;
  detail: string;
  /** As it arrived, after the source's privacy rules. */
  raw: unknown;
  receivedAt: string;
  /** When its batch was sent, by the client's clock, where the batch said so. */
  sentAt?: string;
};
