import { kindOf } from '@meterbridge/destinations';
import type { EventSpan } from '@meterbridge/receipts';
import { isJsonObject } from '@meterbridge/segment-events';
import { destinationOf, eventOf, isDelivery, type LetterEntry, ruleOf } from '../dead-letters/letter.js';
import { mappedThen } from '../dead-letters/map-now.js';
import { countAtMost, walkLetters } from '../dead-letters/walk.js';
import type { Operations } from '../open.js';
import { startCounting, type Work } from '../work.js';

/** Dead letters of one customer that have these in common. */
export type DeadUsage = {
  destination: string;
  /** Of the events' own time, UTC. */
  day: string;
  /** What they were mapped to; empty where they died before that. */
  code: string;
  source: string;
  /** Empty for what the receiver refused. */
  rule: string;
  letters: number;
};

type DeadQuestion = { customer: string; span: EventSpan; destination?: string | undefined };

/** Counts the dead letters of a customer by their events' own times. A walk over all of them. */
export async function countDead(
  ops: Operations,
  { customer, span, destination }: DeadQuestion,
  work: Work,
): Promise<DeadUsage[]> {
  const filter = { customer, ...(destination === undefined ? {} : { destination }) };
  // Of a destination that is in the books alone nothing can be dead.
  if (destination !== undefined && !ops.names.includes(destination)) return [];
  const progress = startCounting(work, 'dead letters', await countAtMost(filter, ops));
  const counted = new Map<string, DeadUsage>();
  for await (const entry of walkLetters(ops, filter)) {
    progress.add(1);
    const at = timeOf(entry);
    if (!(at >= span.from && at < span.to)) continue;
    const of = {
      destination: destinationOf(entry),
      day: new Date(at).toISOString().slice(0, 10),
      code: codeOf(entry, ops),
      source: entry.letter.source,
      rule: ruleOf(entry.letter),
    };
    const key = JSON.stringify(of);
    counted.set(key, { ...of, letters: (counted.get(key)?.letters ?? 0) + 1 });
  }
  return [...counted.values()];
}

/** Epoch milliseconds: when it was received, where what arrived says no time. */
function timeOf({ letter }: LetterEntry): number {
  const event = eventOf(letter);
  const own = isJsonObject(event) ? Date.parse(String(event.timestamp)) : Number.NaN;
  return Number.isNaN(own) && !isDelivery(letter) ? Date.parse(letter.receivedAt) : own;
}

function codeOf(entry: LetterEntry, { config }: Operations): string {
  const settings = config.destinations.find(({ name }) => name === destinationOf(entry));
  const mapped = isDelivery(entry.letter) && settings ? mappedThen(entry) : undefined;
  return mapped && 'body' in mapped ? (kindOf(settings!.type).readUsage(mapped.body).code ?? '') : '';
}
