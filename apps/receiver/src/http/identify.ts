import type { IncomingHttpHeaders } from 'node:http';
import { nextId, nextTraceparent, readRequestId, readTraceparent, type Span } from '@meterbridge/telemetry';
import { headerOf } from './header-of.js';

/** How logs, jobs and traces name one request. */
export type Identity = {
  /** The sender's `X-Request-Id` where it is sane and holds no secret, else one of our own. */
  id: string;
  /** The sender's trace context; undefined where it sent none. */
  parent: string | undefined;
  tracestate: string | undefined;
  /** Of this request, where tracing is on. */
  span: Span | null;
};

/**
 * Names a request, which has no span yet.
 * @param scrub takes secrets out of a text: an id with one in it is not taken, since it is stored
 */
export function identify(headers: IncomingHttpHeaders, scrub?: (text: string) => string): Identity {
  const parent = readTraceparent(headerOf(headers, 'traceparent'));
  const given = readRequestId(headerOf(headers, 'x-request-id'));
  const isTaken = given !== undefined && (!scrub || scrub(given) === given);
  return {
    id: isTaken ? given : nextId(),
    parent,
    tracestate: parent && headerOf(headers, 'tracestate'),
    span: null,
  };
}

/** What the answer gives back: a sender that named nothing is told how to ask about its request. */
export function identityHeaders({ id, parent, span }: Identity): Record<string, string> {
  return { 'X-Request-Id': id, traceparent: span?.traceparent ?? parent ?? nextTraceparent() };
}

const TRACE_ID = [3, 35] as const;

/** The trace that the request belongs to; undefined where neither the sender nor this process traces it. */
export function traceIdOf({ parent, span }: Identity): string | undefined {
  return (span?.isSampled ? span.traceparent : parent)?.slice(...TRACE_ID);
}
