import type { DeadLetter, Outcome } from '@meterbridge/delivery';
import type { Redis } from 'ioredis';
import { type DeadLetterEntry, type DeadLetterRange, readDeadLetters } from '../src/index.js';

/** An answer that makes a dead letter. */
export const refused: Outcome = { outcome: 'failed', code: 'refused', status: 422, detail: 'no such code' };

/** Acceptance and outcome lie hours apart where a line's writer has this clock: it lives in 2015. */
export const HOUR = 400_000;
export const longAgo = { now: () => HOUR * 3_600_000 + 1_234 };

/** All dead letters of a destination, the oldest first. */
export async function lettersOf<Letter = DeadLetter>(
  { destination, redis }: { destination: string; redis: Redis },
  range: DeadLetterRange = {},
): Promise<DeadLetterEntry<Letter>[]> {
  const letters: DeadLetterEntry<Letter>[] = [];
  for await (const entry of readDeadLetters<Letter>(destination, redis, range)) letters.push(entry);
  return letters;
}
