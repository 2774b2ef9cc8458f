import { createHmac } from 'node:crypto';
import { safeEqual } from './safe-equal.js';
import { BodyScan } from './scan-body.js';
import { isJsonObject } from './segment-event.js';

/** `first-event-only`: genuine, but the events behind the first could be anyone's. */
export type SignatureCoverage = 'full' | 'first-event-only';

/**
 * Checks the X-Signature of Segment's webhooks: the hex HMAC-SHA1 of the body. For a batch Segment signs
 * the JSON of its first event alone (action-destinations, webhook/index.ts), of the inner `json` with the
 * extensible webhook; a batch of one is covered by that.
 * @param rawBody The bytes as sent, decompressed; an event that was read and changed no longer verifies.
 * @param secrets Every live secret, so that a rotation refuses nobody.
 * @returns null where no secret made the signature.
 */
export function verifyWebhookSignature(
  rawBody: Buffer,
  signature: string | undefined,
  secrets: readonly string[],
): SignatureCoverage | null {
  if (!signature || secrets.length === 0) return null;
  if (isSignedBy(secrets, rawBody, signature)) return 'full';
  const batch = parseBatch(rawBody);
  if (!batch) return null;
  return isSignedBy(secrets, batch.firstEvent, signature) ? batch.coverage : null;
}

function isSignedBy(secrets: readonly string[], content: Buffer | string, signature: string): boolean {
  let isGenuine = false;
  for (const secret of secrets) {
    // Anyone can sign with an empty secret, such as one whose variable was not set.
    if (secret === '') continue;
    const expected = createHmac('sha1', secret).update(content).digest('hex');
    // No early return: how long it takes must not say which secret it was.
    if (safeEqual(expected, signature.toLowerCase())) isGenuine = true;
  }
  return isGenuine;
}

/** Reads no further than to the second event: whoever sends this has proved nothing yet. */
function parseBatch(rawBody: Buffer): { firstEvent: string; coverage: SignatureCoverage } | null {
  const scan = new BodyScan(rawBody, { values: Number.POSITIVE_INFINITY, events: 1 });
  while (!scan.run(0) && (scan.begun?.count ?? 0) < 2);
  const list = scan.begun;
  if (!list?.isBody || list.count === 0) return null;
  try {
    const first: unknown = JSON.parse(rawBody.toString('utf8', list.bounds[0], list.bounds[1]));
    const inner =
      isJsonObject(first) && first.type === undefined && isJsonObject(first.json) ? first.json : first;
    const isWhole = list.count === 1 && list.close !== -1;
    return { firstEvent: JSON.stringify(inner), coverage: isWhole ? 'full' : 'first-event-only' };
  } catch {
    // Not JSON, or nested so deep that it cannot be written again: nothing Segment signed.
    return null;
  }
}
