import type { IncomingHttpHeaders } from 'node:http';
import type { WebhookAccess } from '@meterbridge/config';
import {
  safeEqual,
  TIMED_SIGNATURE_HEADER,
  verifyTimedSignature,
  verifyWebhookSignature,
} from '@meterbridge/segment-events';

/** Why a webhook was not believed, for people: nothing here tells how near it came. */
export type WebhookRefusal = { message: string };

/** The parts of a request that prove who sent it. */
export type SignedRequest = { headers: IncomingHttpHeaders; rawBody: Buffer; receivedAtMs: number };

/**
 * Whether a request is from the source's own function or webhook. A function's signature is over the time and
 * the whole body: enough alone, and nothing else helps a request that carries a wrong one.
 */
export function authorizeWebhook(access: WebhookAccess, request: SignedRequest): WebhookRefusal | null {
  const { headers, rawBody, receivedAtMs } = request;
  const { functionSecrets = [] } = access;
  const timed = single(headers[TIMED_SIGNATURE_HEADER]);
  if (functionSecrets.length > 0 && timed !== undefined) {
    const verdict = verifyTimedSignature(rawBody, timed, functionSecrets, receivedAtMs);
    return verdict === 'genuine' ? null : FUNCTION_REFUSALS[verdict];
  }
  if (access.secrets.length === 0 && !access.header) {
    return functionSecrets.length > 0
      ? FUNCTION_REFUSALS.missing
      : { message: 'this source takes no webhooks' };
  }
  return authorizeSegment(access, headers, rawBody);
}

const FUNCTION_REFUSALS = {
  missing: { message: 'X-Meterbridge-Signature is missing' },
  wrong: { message: 'X-Meterbridge-Signature is wrong' },
  expired: { message: 'X-Meterbridge-Signature is more than five minutes old, or a clock is wrong' },
};

/**
 * The same for Segment's own webhook. Where both a signature and a secret header are configured, both are
 * needed. Segment's signature over a batch covers its first event alone, so that the others could be anyone's:
 * it is enough only beside a secret header, or where the source accepts it by name.
 */
function authorizeSegment(
  access: WebhookAccess,
  headers: IncomingHttpHeaders,
  rawBody: Buffer,
): WebhookRefusal | null {
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
