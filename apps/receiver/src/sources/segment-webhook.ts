import type { IncomingHttpHeaders } from 'node:http';
import type { Source, WebhookAccess } from '@meterbridge/config';
import { FORWARDED, safeEqual, verifyWebhookSignature } from '@meterbridge/segment-events';
import { failure } from '../http/answer.js';
import { headerOf } from '../http/header-of.js';
import { isFromFunction, refuseFunction } from './segment-function.js';
import type { Access, EventRequest, Route, SourceKind } from './source-kind.js';

/** What Segment forwards, by its webhook destination or a Segment Function: the URL names the source, a signature proves it. */
export const SEGMENT_WEBHOOK: SourceKind = {
  way: FORWARDED,
  methods: ['POST', 'PUT', 'PATCH'],
  findRoute,
  openAccess,
};

const PREFIX = '/webhooks/segment/';

function findRoute(path: string): Route | null {
  if (!path.startsWith(PREFIX)) return null;
  const source = decode(path.slice(PREFIX.length));
  return source === null ? null : { kind: SEGMENT_WEBHOOK, label: `${PREFIX}:source`, source };
}

function decode(segment: string): string | null {
  try {
    return segment === '' || segment.includes('/') ? null : decodeURIComponent(segment);
  } catch {
    return null;
  }
}

const UNKNOWN_SOURCE = failure(404, 'unknown_source', 'no source of this name takes webhooks');

function openAccess(sources: readonly Source[]): Access {
  const byName = new Map(sources.map((source) => [source.name, source]));
  return {
    authorize(request) {
      const source = byName.get(request.route.source!);
      if (!source?.webhook) return { refused: UNKNOWN_SOURCE };
      const proof = proveWebhook(source.webhook, request);
      if ('problem' in proof) return { refused: failure(401, 'unauthorized', proof.problem) };
      return { source, isServers: proof.covers === 'all events' };
    },
    attribute: ({ events }, source) => ({ sources: Array(events.length).fill(source), sender: source! }),
  };
}

/** What a proof is of; or why there is none, for people: nothing in it tells how near a request came. */
type Proof = { covers: 'all events' | 'first event' } | { problem: string };

const ALL: Proof = { covers: 'all events' };

/**
 * Whether a request is believed to be from the source's own webhook or function. One that carries a function's signature
 * has no other proof.
 */
function proveWebhook(access: WebhookAccess, request: EventRequest): Proof {
  if (isFromFunction(access, request)) return proveFunction(access, request);
  if (access.secrets.length === 0 && !access.header) {
    const { functionSecrets = [] } = access;
    return functionSecrets.length > 0
      ? proveFunction(access, request)
      : { problem: 'this source takes no webhooks' };
  }
  return proveSegment(access, request);
}

function proveFunction(access: WebhookAccess, request: EventRequest): Proof {
  const problem = refuseFunction(access, request);
  return problem === null ? ALL : { problem };
}

/**
 * The same for Segment's own webhook. Where both a signature and a secret header are configured, both are
 * needed. Segment's signature over a batch covers its first event alone, so that the others could be anyone's:
 * it is enough only beside a secret header, or where the source accepts it by name.
 */
function proveSegment(access: WebhookAccess, { headers, rawBody }: EventRequest): Proof {
  if (access.header && !carries(headers, access.header)) {
    return { problem: 'the secret header is missing or wrong' };
  }
  if (access.secrets.length === 0) return ALL;
  const coverage = verifyWebhookSignature(rawBody, headerOf(headers, 'x-signature'), access.secrets);
  if (coverage === null) return { problem: 'X-Signature is missing or wrong' };
  if (coverage === 'full' || access.header) return ALL;
  if (access.acceptFirstEventSignature) return { covers: 'first event' };
  return {
    problem: 'X-Signature covers only the first event of the batch, and no secret header covers the others',
  };
}

function carries(headers: IncomingHttpHeaders, expected: { name: string; values: string[] }): boolean {
  const value = headerOf(headers, expected.name.toLowerCase());
  if (!value) return false;
  let isCarried = false;
  // No early return: how long it takes must not say which value it was.
  for (const live of expected.values) if (safeEqual(live, value)) isCarried = true;
  return isCarried;
}
