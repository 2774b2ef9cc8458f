import type { DeadLetter } from '@meterbridge/delivery';
import type { RejectedEvent } from '@meterbridge/queue';
import type { LetterEntry } from '../src/dead-letters/letter.js';

/** A delivery of rule `calls` that the API refused, but for what is said of it. @param at epoch milliseconds */
export function deadDelivery(of: object, destination = 'lago', at = 1): LetterEntry {
  const letter = {
    rule: 'calls',
    source: 'web',
    reason: 'refused',
    tries: { attempts: 1, firstFailedAt: 1, lastCode: 'refused', lastDetail: 'words' },
    ...of,
  } as unknown as DeadLetter;
  return {
    id: `${destination}/${at}-0`,
    at,
    reason: letter.reason,
    bucket: '',
    json: '',
    digest: '',
    letter,
  };
}

/** What the receiver refused. @param at epoch milliseconds */
export function deadRejection(of: Partial<RejectedEvent>, at = 1): LetterEntry {
  const letter: RejectedEvent = {
    source: 'web',
    via: 'tracking',
    reason: 'missing_type',
    detail: 'words',
    raw: {},
    receivedAt: '2026-11-21T14:25:01.000Z',
    ...of,
  };
  return { id: `receiver/${at}-0`, at, reason: letter.reason, bucket: '', json: '', digest: '', letter };
}

/** One that is stored and cannot be read. */
export const damagedLetter: LetterEntry = {
  ...deadDelivery({ reason: 'unmapped' }),
  get letter(): never {
    throw new Error('incorrect data check');
  },
};
