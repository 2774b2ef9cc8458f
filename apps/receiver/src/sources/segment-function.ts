import type { WebhookAccess } from '@meterbridge/config';
import { TIMED_SIGNATURE_HEADER, verifyTimedSignature } from '@meterbridge/segment-events';
import { headerOf } from '../http/header-of.js';
import type { EventRequest } from './source-kind.js';

/**
 * Whether a request to a source's webhook is from its Segment Function. What a function forwards has a webhook's URL
 * and is read like one; it differs in its proof alone, a signature over the time and the whole body.
 */
export function isFromFunction({ functionSecrets = [] }: WebhookAccess, { headers }: EventRequest): boolean {
  return functionSecrets.length > 0 && headerOf(headers, TIMED_SIGNATURE_HEADER) !== undefined;
}

/** Why a function is not believed, for people; null where its signature is genuine, which is enough alone. */
export function refuseFunction(
  { functionSecrets = [] }: WebhookAccess,
  { headers, rawBody, receivedAtMs }: EventRequest,
): string | null {
  const signature = headerOf(headers, TIMED_SIGNATURE_HEADER);
  if (signature === undefined) return 'X-Meterbridge-Signature is missing';
  switch (verifyTimedSignature(rawBody, signature, functionSecrets, receivedAtMs)) {
    case 'genuine':
      return null;
    case 'wrong':
      return 'X-Meterbridge-Signature is wrong';
    case 'expired':
      return 'X-Meterbridge-Signature is more than five minutes old, or a clock is wrong';
  }
}
