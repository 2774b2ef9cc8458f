import { createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { isJsonObject } from '@meterbridge/segment-events';

/*
 * Lago signs each webhook in one of two ways (getlago.com/docs: webhooks, format and signature). One algorithm and one
 * key each, which the settings name and no header does: Node's own functions are enough, and what a library for JWT
 * adds, other algorithms and keys by name, is what one would have to switch off.
 */

/** Whether a signature is the base64 of HMAC-SHA256 over the body. */
export function isSignedByKey(rawBody: Buffer, signature: string, key: string): boolean {
  const expected = createHmac('sha256', key).update(rawBody).digest();
  const given = Buffer.from(signature, 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether a signature is a JWT whose `data` is the body, signed by RS256. */
export function isSignedByJwt(rawBody: Buffer, signature: string, publicKey: KeyObject): boolean {
  const [head, claims, proof, ...more] = signature.split('.');
  if (!head || !claims || !proof || more.length > 0) return false;
  if (parse(decode(head))?.alg !== 'RS256') return false;
  if (!verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(proof, 'base64url')))
    return false;
  const data = parse(decode(claims))?.data;
  return typeof data === 'string' && isSameJson(data, rawBody.toString());
}

/** The text may be written twice by different writers, which escape differently; the order of keys is the same. */
function isSameJson(one: string, other: string): boolean {
  if (one === other) return true;
  const [first, second] = [parse(one), parse(other)];
  return first !== null && second !== null && JSON.stringify(first) === JSON.stringify(second);
}

/** An RSA public key: PEM, PEM in base64 as Lago's API gives it, or DER in base64. Null for anything else. */
export function readPublicKey(text: string): KeyObject | null {
  const isPem = text.includes('-----BEGIN');
  const decoded = Buffer.from(text, 'base64');
  const inBase64 = decoded.includes('-----BEGIN');
  try {
    const key =
      isPem || inBase64
        ? createPublicKey(isPem ? text.trim() : decoded.toString())
        : createPublicKey({ key: decoded, format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'rsa' ? key : null;
  } catch {
    return null;
  }
}

function decode(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const json: unknown = JSON.parse(text);
    return isJsonObject(json) ? json : null;
  } catch {
    return null;
  }
}
