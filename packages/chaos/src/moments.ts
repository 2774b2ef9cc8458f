import type { Moment } from './link.js';

/**
 * What a piece of traffic is, by what any version of the product has to say in it: the names of its keys, its counts
 * and its answers. The text of a script may change.
 */
export const isRequest = (piece: Buffer) => piece.subarray(0, 5).toString('latin1') === 'POST ';
export const isAnswer = (piece: Buffer) => piece.subarray(0, 5).toString('latin1') === 'HTTP/';

/** Accepts, settlements and what is kept of a look-up name the ledger. */
export const isAccounting = (piece: Buffer) => piece.includes(':ledger');

/** What a settlement counts, as arguments: as a part of a script's text they would not have their length before them. */
const COUNTED = ['delivered', 'duplicate', 'dead'].map((name) => `$${name.length}\r\n${name}\r\n`);

/** A settlement that counts something. */
export const isSettlement = (piece: Buffer) =>
  isAccounting(piece) && COUNTED.some((argument) => piece.includes(argument));

/** A look-up that is kept, or a settlement that leaves everything to be tried again. */
export const isKeeping = (piece: Buffer) => isAccounting(piece) && !isSettlement(piece);

export const isSettled = (piece: Buffer) => piece.includes('$7\r\nsettled\r\n');

/** The answer to a transaction: each of its commands was queued first. */
export const isCommitted = (piece: Buffer) => piece.includes('+QUEUED\r\n');

export const REQUEST = { direction: 'up', shows: isRequest } as const;
export const ANSWER = { direction: 'down', shows: isAnswer } as const;
export const SETTLEMENT = { direction: 'up', shows: isAccounting } as const;
/** Redis has settled, and says so. */
export const SETTLED = { direction: 'down', shows: isSettled, to: isAccounting } as const;
/** An archivist lets go of what it has on disk: only this names the archive's lease and bytes beside the entries. */
export const isRelease = (piece: Buffer) =>
  piece.includes(':receipts:holder') && piece.includes(':receipts:bytes');
export const RELEASE = { direction: 'up', shows: isRelease } as const;
export const COMMIT = { direction: 'up', shows: isAccounting } as const;
/** Redis has committed, and says so. */
export const COMMITTED = { direction: 'down', shows: isCommitted, to: isAccounting } as const;

/** Of what the answer is at which a failover happens. */
export const ANSWERED: Record<'settlement' | 'keeping' | 'accept', Omit<Moment, 'pass'>> = {
  settlement: { ...SETTLED, to: isSettlement },
  keeping: { ...SETTLED, to: isKeeping },
  accept: COMMITTED,
};
