import type { Config } from '@meterbridge/config';
import type { RoutedEvent } from '@meterbridge/queue';
import type { ReceivedEvent } from './ports.js';

/** Finds the destinations and rules of each event. */
export function routeEvents(received: readonly ReceivedEvent[], route: Config['route']): RoutedEvent[] {
  return received.map(({ source, event, timeFromReceipt }) => ({
    source,
    event,
    timeFromReceipt,
    routes: route(event, source),
  }));
}
