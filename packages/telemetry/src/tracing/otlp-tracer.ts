import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  type Span as SdkSpan,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { parseTraceParent, setGlobalErrorHandler } from '@opentelemetry/core';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { Logger } from '../create-logger.js';
import type { Span, SpanOptions, Tracer } from './tracer.js';

export type OtlpOptions = {
  serviceName: string;
  version: string;
  protocol: 'http/protobuf' | 'http/json';
  logger: Logger;
};

const KINDS: Record<SpanOptions['kind'], SpanKind> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** A drain does not wait longer for a collector that does not answer. */
const CLOSE_MS = 2_000;

/** A collector that is away is told of once in so long. */
const SAY_EVERY_MS = 60_000;

/**
 * Traces by OpenTelemetry's own SDK, which reads its variables itself: sampler, headers, timeouts, limits. Spans wait in
 * a queue of bounded length and are dropped beyond it: nothing waits for a collector.
 */
export function createOtlpTracer({ serviceName, version, protocol, logger }: OtlpOptions): Tracer {
  setGlobalErrorHandler(sayNowAndThen(logger));
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }));
  const exporter = protocol === 'http/json' ? new JsonExporter() : new ProtobufExporter();
  const provider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] });
  const tracer = provider.getTracer('meterbridge', version);
  return {
    isOn: true,
    start(name, { kind, parent, tracestate, links = [], attributes, startedAtMs }) {
      const options = {
        kind: KINDS[kind],
        attributes: { ...attributes } as Record<string, string>,
        links: links.flatMap((each) => parseTraceParent(each) ?? []).map((context) => ({ context })),
        startTime: startedAtMs === undefined ? undefined : new Date(startedAtMs),
      };
      return wrap(tracer.startSpan(name, options, contextOf(parent, tracestate)));
    },
    async close() {
      const closed = provider.shutdown().catch(() => {});
      await Promise.race([closed, sleep(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

function contextOf(parent: string | undefined, tracestate: string | undefined): Context {
  const context = parent === undefined ? null : parseTraceParent(parent);
  if (!context) return ROOT_CONTEXT;
  const traceState = tracestate === undefined ? undefined : createTraceState(tracestate);
  return trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true, traceState });
}

function wrap(span: SdkSpan): Span {
  const context = span.spanContext();
  return {
    traceparent: writeTraceparent(context),
    isSampled: (context.traceFlags & TraceFlags.SAMPLED) !== 0,
    end(attributes = {}, error) {
      span.setAttributes({ ...attributes } as Record<string, string>);
      if (error !== undefined) {
        span.setAttribute('error.type', error);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

function writeTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** What a collector says goes nowhere: it may repeat what was sent to it. */
function sayNowAndThen(logger: Logger): (error: unknown) => void {
  let nextAt = 0;
  return (error) => {
    if (performance.now() < nextAt) return;
    nextAt = performance.now() + SAY_EVERY_MS;
    const { name, code } = error as { name?: string; code?: unknown };
    logger.warn({ code: code ?? name }, 'traces.not_exported');
  };
}
