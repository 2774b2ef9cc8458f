import type { Logger } from '../create-logger.js';
import { NO_TRACER, type Tracer } from './tracer.js';

/**
 * Opens the tracer that the environment asks for by OpenTelemetry's own variables; without `OTEL_EXPORTER_OTLP_ENDPOINT`
 * nothing of OpenTelemetry is loaded.
 * @param serviceName unless `OTEL_SERVICE_NAME` says another
 */
export async function openTracer(
  env: Readonly<Record<string, string | undefined>>,
  serviceName: string,
  { version, logger }: { version: string; logger: Logger },
): Promise<Tracer> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = env;
  const isOff = env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true';
  if (!endpoint || isOff || env.OTEL_TRACES_EXPORTER === 'none') return NO_TRACER;
  const protocol =
    env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/protobuf';
  if (!URL.canParse(endpoint) || !isKnown(protocol)) {
    logger.error({ protocol, isUrl: URL.canParse(endpoint) }, 'traces.not_configured');
    return NO_TRACER;
  }
  const { createOtlpTracer } = await import('./otlp-tracer.js');
  return createOtlpTracer({ serviceName, version, protocol, logger });
}

/** OTLP over gRPC is not spoken here. */
function isKnown(protocol: string): protocol is 'http/protobuf' | 'http/json' {
  return protocol === 'http/protobuf' || protocol === 'http/json';
}
