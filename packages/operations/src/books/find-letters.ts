import { kindOf } from '@meterbridge/destinations';
import { destinationOf, isDelivery, type LetterEntry, messageIdOf } from '../dead-letters/letter.js';
import { mappedThen } from '../dead-letters/map-now.js';
import { summarizeLetter } from '../dead-letters/page.js';
import { countAtMost, walkLetters } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';
import { startCounting, type Work } from '../work.js';
import type { FoundLetter } from './find-event.js';

/**
 * Dead letters that have one of these ids: of the event, of the request that brought it, or what it was called when it was
 * sent. A walk over all of them.
 */
export async function findLetters(
  ops: Operations,
  ids: ReadonlySet<string>,
  work: Work,
): Promise<FoundLetter[]> {
  const found: FoundLetter[] = [];
  const progress = startCounting(work, 'dead letters', await countAtMost({}, ops));
  for await (const entry of walkLetters(ops, {})) {
    progress.add(1);
    if (entry.newer !== undefined || !idsOf(entry, ops).some((id) => ids.has(id))) continue;
    found.push({ destination: destinationOf(entry), ...summarizeLetter(entry, ops) });
  }
  return found;
}

function idsOf(entry: LetterEntry, { config }: Pick<Operations, 'config'>): string[] {
  const { letter } = entry;
  const ids = [messageIdOf(letter), letter.request?.id ?? ''];
  const settings = config.destinations.find(({ name }) => name === destinationOf(entry));
  const mapped = isDelivery(letter) && settings ? mappedThen(entry) : undefined;
  if (mapped && 'body' in mapped) ids.push(kindOf(settings!.type).readUsage(mapped.body).usageId);
  return ids;
}
