import { createHmac } from 'node:crypto';
import { safeEqual } from './safe-equal.js';

/** Carries `t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<body>">`: docs/segment-function.md. */
export const TIMED_SIGNATURE_HEADER = 'x-meterbridge-signature';

/**
 * How far a signature's time may be from ours, before or after. Whoever sends again signs again, so that this
 * only has to cover a slow line and two clocks.
 */
export const TIMED_SIGNATURE_TOLERANCE_MS = 5 * 60_000;

/** `expired` is genuine, but too long ago, or by a clock that is wrong. */
export type TimedSignature = 'genuine' | 'expired' | 'wrong';

const FORM = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/;

/**
 * Checks a signature over the time of sending and every byte of the body: what somebody recorded cannot be
 * sent again later, and no event can be added to a batch.
 * @param rawBody The bytes as sent, decompressed.
 * @param secrets Every live secret, so that a rotation refuses nobody.
 */
export function verifyTimedSignature(
  rawBody: Buffer,
  header: string,
  secrets: readonly string[],
  nowMs: number,
): TimedSignature {
  const [, seconds, signature] = FORM.exec(header) ?? [];
  if (seconds === undefined || signature === undefined) return 'wrong';
  let isGenuine = false;
  for (const secret of secrets) {
    // Anyone can sign with an empty secret, such as one whose variable was not set.
    if (secret === '') continue;
    const expected = createHmac('sha256', secret).update(`${seconds}.`).update(rawBody).digest('hex');
    // No early return: how long it takes must not say which secret it was.
    if (safeEqual(expected, signature)) isGenuine = true;
  }
  // Only who knows the secret is told about the time.
  if (!isGenuine) return 'wrong';
  return Math.abs(nowMs - Number(seconds) * 1_000) > TIMED_SIGNATURE_TOLERANCE_MS ? 'expired' : 'genuine';
}
