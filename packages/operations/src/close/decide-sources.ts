import type { Arrivals, EventSpan } from '@meterbridge/receipts';
import { type Decision, decide, minuteText } from './decision.js';

const DAY_MS = 86_400_000;
const SILENT_FOR_MS = 3 * DAY_MS;
/** Who spoke on fewer days is no source that used to. */
const LEAST_DAYS = 4;

/**
 * No source fell silent that used to speak: with events on most days up to its last one, which was more than three days
 * before the month's end. Pure.
 */
export function decideSources(arrivals: readonly Arrivals[], { from, to }: EventSpan): Decision {
  const sources = new Map<string, { days: Set<string>; lastAt: number }>();
  for (const { source, day, lastAt } of arrivals) {
    const known = sources.get(source) ?? { days: new Set(), lastAt };
    known.days.add(day);
    known.lastAt = Math.max(known.lastAt, lastAt);
    sources.set(source, known);
  }
  const lines = [...sources]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([source, { days, lastAt }]) => {
      const daysUntil = Math.floor((lastAt - from) / DAY_MS) + 1;
      const usedToSpeak = days.size >= LEAST_DAYS && days.size > daysUntil / 2;
      if (!usedToSpeak || to - lastAt <= SILENT_FOR_MS) return [];
      return [
        `${source} had events on ${days.size} of the first ${daysUntil} days, and none after ${minuteText(lastAt)}`,
      ];
    });
  return decide(lines, 'no source fell silent');
}
