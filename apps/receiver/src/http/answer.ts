import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Identity, identityHeaders } from './identify.js';

/**
 * What a sender is told. Clients of Segment differ in what they can bear: some take only 200 for
 * success, some need `code`, `message` or `error` in a failure's JSON, and none may be redirected.
 */
export type Answer = { status: number; body: string; retryAfterSeconds?: number; allow?: string };

const COMMON_HEADERS = {
  'Content-Type': 'application/json; charset=utf-8',
  // Browsers may send from anywhere: a browser's write key is public and nobody's proof.
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id, traceparent',
};

export const SUCCESS: Answer = { status: 200, body: '{"success":true}' };

/** A failure in the words every client understands. `message` shows nothing of what was sent. */
export function failure(status: number, code: string, message: string): Answer {
  return { status, body: JSON.stringify({ success: false, code, message, error: message }) };
}

/** The same, with when to come again: whole seconds, since clients ignore a date. */
export function failureUntil(
  status: number,
  code: string,
  message: string,
  retryAfterSeconds: number,
): Answer {
  return {
    ...failure(status, code, message),
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds) || 1),
  };
}

/** What a sender is told where there is no room at the moment for what it sent. */
export function overloaded(retryAfterSeconds: number): Answer {
  return failureUntil(
    429,
    'overloaded',
    'too much is waiting here; please come again later',
    retryAfterSeconds,
  );
}

/** What a sender is told where Redis is away, or is not the one that was judged by. */
export function storeUnavailable(retryAfterSeconds: number): Answer {
  return failureUntil(
    503,
    'store_unavailable',
    'nothing can be kept safe at the moment; please send it again',
    retryAfterSeconds,
  );
}

export const NOT_FOUND = failure(
  404,
  'not_found',
  'there is nothing here; see the documentation for the routes',
);

export function methodNotAllowed(methods: readonly string[]): Answer {
  const allow = methods.join(', ');
  return { ...failure(405, 'method_not_allowed', `this route takes ${allow}`), allow };
}

/** @param identity of the request, where its headers are not set yet: set before, they cost more */
export function send(res: ServerResponse, answer: Answer, identity?: Identity): void {
  if (res.headersSent || res.destroyed) return;
  const headers: Record<string, string | number> = {
    ...COMMON_HEADERS,
    'Content-Length': Buffer.byteLength(answer.body),
  };
  if (answer.retryAfterSeconds !== undefined) headers['Retry-After'] = answer.retryAfterSeconds;
  if (answer.allow !== undefined) headers.Allow = answer.allow;
  if (identity) Object.assign(headers, identityHeaders(identity));
  res.writeHead(answer.status, headers);
  res.end(answer.body);
}

/** Answers a browser's question before it sends: analytics.js sends Authorization and X-Retry-Count. */
export function sendPreflight(
  req: IncomingMessage,
  res: ServerResponse,
  methods: readonly string[],
  identity: Identity,
): void {
  res.writeHead(204, {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers':
      'authorization, content-type, x-retry-count, x-request-id, traceparent, tracestate',
    'Access-Control-Max-Age': 86_400,
    Allow: ['OPTIONS', ...methods].join(', '),
    ...identityHeaders(identity),
  });
  res.end();
  req.resume();
}
