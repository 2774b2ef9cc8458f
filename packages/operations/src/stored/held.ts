import type { DestinationType, Doubt } from '@meterbridge/destinations';

/** What a destination's API said it holds of what would be sent. */
export type Held = {
  destination: string;
  type: DestinationType;
  /** Of so many events it is known. */
  asked: number;
  /** Of so many it is not: more reads than it is worth, or trouble; or nobody knows what would be sent. */
  notAsked: number;
  /** It has them already: they will count as duplicates. */
  same: number;
  /** Under their key it has something of another time, or with another content. */
  otherContent: number;
  /** It has their ids under another code (Lago) or event type (Hyperline). */
  otherCode: number;
  /** It has them under another subscription (Lago) or customer (Hyperline). */
  otherOwner: number;
  /** Of those that are not there: so many are of a time that is billed already, or has no subscription. */
  late: number;
  /** Of so many it is not known whether they are. */
  maybeLate: number;
  /** Why it was asked no further. */
  problem?: string;
};

/** Where a doubt is counted. */
export const DOUBTS = {
  other_content: 'otherContent',
  other_code: 'otherCode',
  other_owner: 'otherOwner',
} as const satisfies Record<Doubt, keyof Held>;

/** Those that would be billed twice, or never. */
export function doubtsOf(held: readonly Held[]): number {
  const counts = Object.values(DOUBTS);
  return held.reduce((sum, each) => sum + counts.reduce((of, count) => of + each[count], 0), 0);
}

export function notAskedOf(held: readonly Held[]): number {
  return held.reduce((sum, { notAsked }) => sum + notAsked, 0);
}
