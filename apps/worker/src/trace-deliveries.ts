import type { RequestRef, Settlement } from '@meterbridge/delivery';
import type { Destination } from '@meterbridge/destinations';
import type { SettlementWritten } from '@meterbridge/queue';
import type { SentRequest } from '@meterbridge/sender';
import type { Attributes, Span, Tracer } from '@meterbridge/telemetry';

/** What OpenTelemetry keeps of one span, at most. */
const MAX_LINKS = 128;

/** Tells of a request to an API that was answered, or was not: after it, since nothing of ours hangs on it. */
export function traceAttempt(
  tracer: Tracer,
  { name, connection }: Pick<Destination, 'name' | 'connection'>,
  { attemptId, path, jobIds, requests, durationMs, events, bytes, status, verdict, code }: SentRequest,
): void {
  if (!tracer.isOn) return;
  const isFailed = verdict !== 'settled';
  const { hostname, port, protocol } = new URL(connection.baseUrl);
  startCarrying(tracer, `POST ${path}`, requests, durationMs, {
    'http.request.method': 'POST',
    'url.template': path,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
    'http.request.body.size': bytes,
    'http.response.status_code': status,
    'messaging.batch.message_count': events,
    'meterbridge.destination': name,
    'meterbridge.attempt.id': attemptId,
    'meterbridge.job.ids': jobIds,
    'meterbridge.verdict': verdict,
  })?.end({}, isFailed ? (code ?? verdict) : undefined);
}

/** Tells of a settlement that was written. */
export function traceSettlement(
  tracer: Tracer,
  destination: string,
  { delivered, duplicate, dead, remainder }: Settlement,
  { jobId, durationMs, requests }: SettlementWritten,
): void {
  if (!tracer.isOn) return;
  startCarrying(tracer, `settle ${destination}`, requests, durationMs, {
    'messaging.system': 'meterbridge',
    'messaging.operation.name': 'settle',
    'messaging.operation.type': 'settle',
    'messaging.destination.name': destination,
    'meterbridge.job.ids': [jobId],
    'meterbridge.delivered': delivered,
    'meterbridge.duplicate': duplicate,
    'meterbridge.dead': dead.length,
    'meterbridge.remaining': remainder.length,
  })?.end();
}

/**
 * Starts a span of what carries events of several requests: it is linked with each of them whose trace is kept, and
 * part of the first one's, so that the sender's word on sampling holds. Null where no trace of them is kept.
 */
function startCarrying(
  tracer: Tracer,
  name: string,
  requests: () => readonly RequestRef[],
  durationMs: number,
  attributes: Attributes,
): Span | null {
  const kept = requests().flatMap(({ traceparent }) => traceparent ?? []);
  const links = [...new Set(kept)].slice(0, MAX_LINKS);
  const [parent] = links;
  if (parent === undefined) return null;
  const startedAtMs = Date.now() - durationMs;
  return tracer.start(name, { kind: 'client', parent, links, startedAtMs, attributes });
}
