import type { RoutedEvent } from '@meterbridge/queue';
import type { RefusalCount, RejectedEvent, RequestRef } from '@meterbridge/segment-events';
import type { Span, Tracer } from '@meterbridge/telemetry';

/** A commit under way. */
export type TracedCommit = {
  /** What the jobs keep: spans of their attempts hang on the commit. */
  request: RequestRef | undefined;
  span: Span | null;
};

/** Begins the span of a commit, where that of its request is kept. Names sources and destinations, and no event. */
export function traceCommit(
  tracer: Tracer,
  request: RequestRef | undefined,
  routed: readonly RoutedEvent[],
  refused: readonly (RejectedEvent | RefusalCount)[],
): TracedCommit {
  const parent = request?.traceparent;
  if (request === undefined || parent === undefined) return { request, span: null };
  const taken = routed.flatMap(({ routes }) => routes.filter(({ rules }) => rules.length > 0));
  const destinations = [...new Set(taken.map(({ destination }) => destination))];
  const span = tracer.start(destinations.length === 1 ? `commit ${destinations[0]}` : 'commit', {
    kind: 'producer',
    parent,
    attributes: {
      'messaging.system': 'meterbridge',
      'messaging.operation.name': 'commit',
      'messaging.operation.type': 'send',
      'messaging.destination.name': destinations.length === 1 ? destinations[0] : undefined,
      'messaging.batch.message_count': taken.reduce((sum, { rules }) => sum + rules.length, 0),
      'meterbridge.sources': [...new Set([...routed, ...refused].map(({ source }) => source))],
      'meterbridge.destinations': destinations,
      'meterbridge.rules': [...new Set(taken.flatMap(({ rules }) => rules))],
      'meterbridge.events': routed.length,
    },
  });
  return { request: span?.isSampled ? { id: request.id, traceparent: span.traceparent } : request, span };
}
