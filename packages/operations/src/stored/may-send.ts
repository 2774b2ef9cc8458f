import { doubtsOf, type Held, notAskedOf } from './held.js';

/** What a person has said about what is there already. */
export type SendAgain = {
  /** So many, exactly, are to be sent although they would be billed twice, or never. */
  sendAgain?: number;
  /** The APIs were asked for all. */
  checkAll?: boolean;
};

/** What is in the way of sending. */
export type Refusal = {
  /** Of what would be sent, so many are there already as something else. */
  doubts: number;
  /** So many were not asked for, and may be as well. */
  notAsked: number;
  /** The number of doubts is the whole one: who says it means all of them. */
  isWhole: boolean;
};

/**
 * Why it may not be sent: some of it is there already as something else, and nobody has named their exact number; or
 * a number was named and there are none. Null where nothing is in the way. Pure.
 */
export function refuseToSend(
  held: readonly Held[],
  { sendAgain, checkAll = false }: SendAgain,
): Refusal | null {
  const doubts = doubtsOf(held);
  const notAsked = notAskedOf(held);
  const isWhole = notAsked === 0 || checkAll;
  const isMeant = doubts === 0 ? sendAgain === undefined : sendAgain === doubts && isWhole;
  return isMeant ? null : { doubts, notAsked, isWhole };
}
