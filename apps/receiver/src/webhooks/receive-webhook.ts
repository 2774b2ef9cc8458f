import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Answer, failure, SUCCESS } from '../http/answer.js';
import type { IntakeDeps } from '../ports.js';
import type { WebhookRoute } from './destination-webhooks.js';

/** A webhook whose body is read and decompressed. */
export type WebhookRequest = {
  route: WebhookRoute;
  headers: IncomingHttpHeaders;
  rawBody: Buffer;
  requestId?: string;
};

const NOT_TAKEN = failure(404, 'no_webhooks', 'no destination of this name has a key for webhooks');

/**
 * Proves a webhook of a destination's API, keeps what it reports, and only then calls it a success. Rejects as
 * `keepReport` does.
 */
export async function receiveWebhook(
  deps: Pick<IntakeDeps, 'findWebhooks' | 'keepReport' | 'record'>,
  { route, headers, rawBody, requestId }: WebhookRequest,
): Promise<Answer> {
  const webhooks = deps.findWebhooks(route);
  if (!webhooks) return NOT_TAKEN;
  const { destination } = route;
  const tell = (outcome: 'kept' | 'ignored' | 'refused' | 'unreadable', more: object = {}) =>
    deps.record.webhookReceived({ destination, outcome, requestId, ...more });
  const doubt = webhooks.findDoubt(headers, rawBody);
  if (doubt !== null) {
    tell('refused', { problem: doubt });
    return failure(401, 'unauthorized', doubt);
  }
  const reading = webhooks.read(rawBody);
  if (!reading.ok) {
    tell('unreadable', { problem: reading.problem });
    return failure(400, 'unreadable_webhook', reading.problem);
  }
  if (!reading.isReport) {
    tell('ignored');
    return SUCCESS;
  }
  const report = nameReport(webhooks.nameOf(headers), rawBody);
  const kept = await deps.keepReport(destination, report, reading.faults);
  tell('kept', { reported: reading.faults.length, ...kept });
  return SUCCESS;
}

/** The name in the header is not signed: with the body in it, no other report can be taken for this one. */
function nameReport(name: string | undefined, rawBody: Buffer): string {
  return createHash('sha256')
    .update(JSON.stringify(name ?? null))
    .update(rawBody)
    .digest('hex')
    .slice(0, 32);
}
