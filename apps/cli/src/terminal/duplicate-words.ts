import type { Balance } from '@meterbridge/queue';
import { grouped } from './grouped.js';

/** What somebody should know of the duplicates, in words; nothing where all of them are what they seem. */
export function duplicateWords({
  olderRule,
  notCompared,
}: Pick<Balance, 'olderRule' | 'notCompared'>): string[] {
  return [
    ...(olderRule > 0
      ? [`${grouped(olderRule)} of the duplicates are there as an earlier version of their rule wrote them`]
      : []),
    ...(notCompared > 0
      ? [
          `${grouped(notCompared)} of the duplicates were not compared with what the API holds under their ids`,
        ]
      : []),
  ];
}
