import { hash, timingSafeEqual } from 'node:crypto';
import type { ReceiverSource } from './ports.js';

/** Finds the source a write key belongs to, in a time that tells nothing about the keys there are. */
export type WriteKeyIndex = (writeKey: string) => ReceiverSource | undefined;

/**
 * Looks keys up by their SHA-256: how far a guess agrees with a real key shows in no timing, however
 * many sources there are.
 * @throws {Error} where two sources share a key: their events could not be told apart.
 */
export function indexWriteKeys(sources: readonly ReceiverSource[]): WriteKeyIndex {
  const entries = new Map<string, { digest: Buffer; source: ReceiverSource }>();
  for (const source of sources) {
    for (const writeKey of source.writeKeys) {
      const digest = digestOf(writeKey);
      const known = entries.get(digest.toString('latin1'));
      if (known && known.source !== source)
        throw new Error(`sources ${known.source.name} and ${source.name} share a write key`);
      entries.set(digest.toString('latin1'), { digest, source });
    }
  }
  return (writeKey) => {
    const digest = digestOf(writeKey);
    const entry = entries.get(digest.toString('latin1'));
    return entry && timingSafeEqual(entry.digest, digest) ? entry.source : undefined;
  };
}

function digestOf(writeKey: string): Buffer {
  return hash('sha256', writeKey, 'buffer');
}

/** The write key of an Authorization header: the user of Basic, whose password is empty, or Bearer's token. */
export function readAuthorization(header: string | undefined): string | undefined {
  const [, scheme, credentials] = /^(Basic|Bearer) +(\S+) *$/i.exec(header ?? '') ?? [];
  if (!scheme || !credentials) return undefined;
  if (scheme.toLowerCase() === 'bearer') return credentials;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  return (colon === -1 ? decoded : decoded.slice(0, colon)) || undefined;
}
