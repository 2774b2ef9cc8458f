import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { RequestRef } from '@meterbridge/segment-events';
import { createHealthHandlers, NO_TRACER, type Tracer } from '@meterbridge/telemetry';
import express, { type ErrorRequestHandler, type Express } from 'express';
import type { Intake, IntakeDeps, ReceiverDeps } from '../ports.js';
import { createReceiveEvents, type ReceiveEvents } from '../receive-events.js';
import type { Turns } from '../turns.js';
import { findWebhookRoute, WEBHOOK_METHODS } from '../webhooks/destination-webhooks.js';
import { receiveWebhook } from '../webhooks/receive-webhook.js';
import {
  type Answer,
  failure,
  methodNotAllowed,
  NOT_FOUND,
  overloaded,
  send,
  sendPreflight,
  storeUnavailable,
} from './answer.js';
import { type Identity, identify, identityHeaders, traceIdOf } from './identify.js';
import { type BodyProblem, createBodyReader, type ReadRawBody } from './read-raw-body.js';
import { findRoute } from './routes.js';

const HEALTH_METHODS = ['GET', 'HEAD'];
const INTERNAL_ERROR = failure(500, 'internal_error', 'something went wrong here; please send it again');

/**
 * The receiver's HTTP side. Every answer is JSON of one form, and success means durable; nothing that
 * was sent is ever shown in one. The routes that take events are found in one look-up, and their requests do not
 * become those of Express, whose prototypes, query and chain of handlers each would pay for.
 */
export function createReceiverApp(deps: ReceiverDeps): RequestListener {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false);
  app.use((req, res, next) => {
    for (const [name, value] of Object.entries(identityHeaders(identify(req.headers))))
      res.setHeader(name, value);
    next();
  });
  addHealth(app, deps);
  app.use((_req, res) => send(res, NOT_FOUND));
  app.use(answerBug(deps));
  return (req, res) => {
    if (!deps.intake().handle(req, res)) app(req, res);
  };
}

/** Builds what takes events under one configuration. @param readRawBody bounded by the limits of the same */
export function createIntake(
  deps: IntakeDeps,
  readRawBody: ReadRawBody = createBodyReader(deps.limits),
  turns?: Turns,
): Intake {
  const receive = createReceiveEvents(deps, turns);
  const { tracer = NO_TRACER } = deps;
  const underWay = new Set<Promise<void>>();
  return {
    handle(req, res) {
      const { method = '', url = '' } = req;
      const route = openRoute(url, deps, receive);
      if (!route) return false;
      const { methods } = route;
      const identity = identify(req.headers, deps.scrub);
      if (method === 'OPTIONS') sendPreflight(req, res, methods, identity);
      else if (!methods.includes(method)) send(res, methodNotAllowed(methods), identity);
      else {
        identity.span = traceRequest(tracer, method, route, identity);
        const answered = answerRequest(req, res, route, identity).finally(() => underWay.delete(answered));
        underWay.add(answered);
      }
      return true;
    },
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };

  async function answerRequest(
    req: IncomingMessage,
    res: ServerResponse,
    route: OpenRoute,
    identity: Identity,
  ): Promise<void> {
    const receivedAtMs = deps.now();
    const request = refOf(identity);
    let bodyBytes = 0;
    let answer: Answer | null;
    try {
      const pressure = deps.pressure();
      if (pressure) {
        answer = overloaded(pressure.retryAfterSeconds);
      } else {
        const body = await readRawBody(req);
        if (body.ok) {
          bodyBytes = body.sentBytes;
          answer = await route.receive({ headers: req.headers, rawBody: body.bytes, receivedAtMs, request });
        } else {
          answer = refuseBody(body.problem, deps.limits);
        }
      }
    } catch (error) {
      answer = answerFailedCommit(error) ?? INTERNAL_ERROR;
      if (answer === INTERNAL_ERROR) deps.record.requestFailed(route.label, error, identity.id);
    }
    if (!answer) {
      identity.span?.end({}, 'aborted');
      return;
    }
    send(res, answer, identity);
    const { status } = answer;
    identity.span?.end(
      { 'http.response.status_code': status, 'http.request.body.size': bodyBytes },
      status >= 500 ? String(status) : undefined,
    );
    deps.record.requestAnswered({
      requestId: identity.id,
      traceId: traceIdOf(identity),
      route: route.label,
      status,
      durationMs: deps.now() - receivedAtMs,
      bodyBytes,
    });
  }
}

/** A route, and what takes a request of it whose body is read. */
type OpenRoute = {
  label: string;
  methods: readonly string[];
  receive(request: {
    headers: IncomingMessage['headers'];
    rawBody: Buffer;
    receivedAtMs: number;
    request: RequestRef;
  }): Promise<Answer>;
};

/** Where a request goes: to what takes events of a source, or a webhook of a destination's API. */
function openRoute(url: string, deps: IntakeDeps, receive: ReceiveEvents): OpenRoute | null {
  const route = findRoute(url);
  if (route) {
    const { label, kind } = route;
    return { label, methods: kind.methods, receive: (request) => receive({ route, ...request }) };
  }
  const webhook = findWebhookRoute(url);
  if (!webhook) return null;
  return {
    label: webhook.label,
    methods: WEBHOOK_METHODS,
    receive: ({ headers, rawBody, request }) =>
      receiveWebhook(deps, { route: webhook, headers, rawBody, requestId: request.id }),
  };
}

function traceRequest(
  tracer: Tracer,
  method: string,
  { label }: OpenRoute,
  identity: Identity,
): Identity['span'] {
  const { id, parent, tracestate } = identity;
  return tracer.start(`${method} ${label}`, {
    kind: 'server',
    parent,
    tracestate,
    attributes: {
      'http.request.method': method,
      'http.route': label,
      'url.scheme': 'http',
      'meterbridge.request.id': id,
    },
  });
}

/** What is stored of a request beside its events. */
function refOf({ id, span }: Identity): RequestRef {
  return { id, traceparent: span?.isSampled ? span.traceparent : undefined };
}

/** Null where the client has gone: nobody hears an answer, and what it sent is still its own. */
function refuseBody(problem: BodyProblem, limits: IntakeDeps['limits']): Answer | null {
  switch (problem) {
    case 'too_large':
      return failure(
        413,
        'body_too_large',
        `the body is larger than ${limits.bodyBytes} bytes; send smaller batches`,
      );
    case 'inflates_too_large':
      return failure(
        413,
        'body_too_large',
        `decompressed, the body is larger than ${limits.inflatedBytes} bytes; send smaller batches`,
      );
    case 'unknown_encoding':
      return failure(415, 'unknown_encoding', 'Content-Encoding is none of gzip, deflate, br and identity');
    case 'broken_encoding':
      return failure(400, 'broken_encoding', 'the body is not what its Content-Encoding says');
    case 'crowded_out':
      return overloaded(1);
    case 'aborted':
      return null;
  }
}

/** What the store's own refusals mean for a sender; null for what nobody foresaw. */
function answerFailedCommit(error: unknown): Answer | null {
  const { code, retryAfterSeconds } = (error ?? {}) as { code?: unknown; retryAfterSeconds?: unknown };
  const seconds = typeof retryAfterSeconds === 'number' ? retryAfterSeconds : 1;
  if (code === 'store_full') return overloaded(seconds);
  return code === 'store_unavailable' ? storeUnavailable(seconds) : null;
}

function addHealth(app: Express, deps: ReceiverDeps): void {
  for (const [path, answer] of Object.entries(createHealthHandlers(deps))) {
    app.get(path, answer);
    app.all(path, (_req, res) => send(res, methodNotAllowed(HEALTH_METHODS)));
  }
}

/** Express knows an error handler by its four parameters. */
function answerBug(deps: ReceiverDeps): ErrorRequestHandler {
  return (error: unknown, _req, res, _next) => {
    deps.record.requestFailed('operations', error, String(res.getHeader('X-Request-Id')));
    send(res, INTERNAL_ERROR);
  };
}
