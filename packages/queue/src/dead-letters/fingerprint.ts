import { hash } from 'node:crypto';

/** By what a dead letter died: letters that have it in common are likely mended by the same change. */
export type Fingerprint = {
  reason: string;
  /** Empty for an event that the receiver rejected. */
  rule: string;
  /** How the last attempt failed, where that is not the reason: of a letter that expired, say. */
  code?: string;
  /** HTTP status of the API's last answer. */
  status?: number;
  /** What was missing where, in our words: names a path, and never a value. */
  path?: string;
};

/** What the counts take of a letter: its fingerprint, and a digest of that by which they tell it from others. */
export type FingerprintText = { digest: string; text: string };

/** Of a letter, delivery or rejected event; whatever else it has is not looked at. */
type LetterLike = {
  rule?: string;
  tries?: { lastCode?: string; lastStatus?: number; lastDetail?: string };
};

/** So much of a path is told apart, in characters. */
const MAX_PATH = 200;

export function fingerprintOf(reason: string, letter: unknown): Fingerprint {
  const { rule = '', tries = {} } = letter as LetterLike;
  return {
    reason,
    rule,
    code: tries.lastCode === reason ? undefined : tries.lastCode,
    status: tries.lastStatus,
    // Of an API's words a part may be the event's own.
    path: reason === 'unmapped' ? tries.lastDetail?.slice(0, MAX_PATH) : undefined,
  };
}

export function writeFingerprint(reason: string, letter: unknown): FingerprintText {
  const text = JSON.stringify(fingerprintOf(reason, letter));
  return { digest: hash('sha1', text, 'hex').slice(0, 12), text };
}
