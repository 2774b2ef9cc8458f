import type { IncomingHttpHeaders } from 'node:http';
import { safeEqual, verifyWebhookSignature } from '@meterbridge/segment-events';
import type { WebhookAccess } from './ports.js';

/** Why a webhook was not believed, for people: nothing here tells how near it came. */
export type WebhookRefusal = { message: string };

/**
 * Whether a request is from the source's own webhook. Where both a signature and a secret header are
 * configured, both are needed. Segment's signature over a batch covers its first event alone, so that
 * the others could be anyone's: it is enough only beside a secret header, or where the source accepts it
 * by name.
 */
export function authorizeWebhook(
  access: WebhookAccess,
  headers: IncomingHttpHeaders,
  rawBody: Buffer,
): WebhookRefusal | null {
  if (access.secrets.length === 0 && !access.header) return { message: 'this source takes no webhooks' };
  if (access.header && !carries(headers, access.header)) {
    return { message: 'the secret header is missing or wrong' };
  }
  if (access.secrets.length === 0) return null;
  const coverage = verifyWebhookSignature(rawBody, single(headers['x-signature']), access.secrets);
  if (coverage === null) return { message: 'X-Signature is missing or wrong' };
  if (coverage === 'full' || access.header || access.acceptFirstEventSignature) return null;
  return {
    message: 'X-Signature covers only the first event of the batch, and no secret header covers the others',
  };
}

function carries(headers: IncomingHttpHeaders, expected: { name: string; values: string[] }): boolean {
  const value = single(headers[expected.name.toLowerCase()]);
  if (!value) return false;
  let isCarried = false;
  // No early return: how long it takes must not say which value it was.
  for (const live of expected.values) if (safeEqual(live, value)) isCarried = true;
  return isCarried;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
