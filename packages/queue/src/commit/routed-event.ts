import type { SegmentEvent } from '@meterbridge/segment-events';

export type { RejectedEvent } from '@meterbridge/segment-events';

/** An event and where it goes: for each destination the rules that take it, none meaning filtered. */
export type RoutedEvent = {
  source: string;
  event: SegmentEvent;
  /** The event's time depends on when it was received; the first one ever stored is the one that holds. */
  timeFromReceipt: boolean;
  routes: readonly { destination: string; rules: readonly string[] }[];
};
