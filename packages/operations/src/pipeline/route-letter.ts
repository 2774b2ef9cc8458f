import type { Source } from '@meterbridge/config';
import { receiveEvent, type SegmentEvent } from '@meterbridge/segment-events';
import type { Route } from '@meterbridge/usage-mapping';
import { destinationOf, isDelivery, type Letter, type LetterEntry } from '../dead-letters/letter.js';
import type { Pipeline } from './pipeline.js';
import { rejectedArrival } from './rejected-arrival.js';

/** Why a letter has no event that could go anywhere. */
export type NoRoute = {
  why:
    | 'cannot be read'
    | 'written by a newer version'
    | 'of a destination that is not configured'
    | 'of an unknown write key'
    | 'switched off by its integrations'
    | 'still no Segment event';
  /** Of what is still no Segment event: the receiver's words. */
  rejection?: { reason: string; detail: string };
};

/** An event and the rules that take it; `timeFromReceipt` where its time depends on when it was received. */
export type LetterRoute =
  | {
      isRouted: true;
      letter: Letter;
      /** The name of the source whose it is. */
      source: string;
      event: SegmentEvent;
      routes: Route[];
      timeFromReceipt: boolean;
    }
  | ({ isRouted: false } & NoRoute);

/**
 * Where a dead letter would go with the configuration of now. A delivery stays with its destination and its own
 * rule, while there is one; else it is routed anew there. What the receiver refused is judged with the limits of
 * now, as if it had just come at the time it came, and goes to whoever takes it. Pure.
 * @param vouching as of `rejectedArrival`
 */
export function routeLetter(
  entry: LetterEntry,
  { config }: Pick<Pipeline, 'config'>,
  vouching?: Source,
): LetterRoute {
  if (entry.newer !== undefined) return { isRouted: false, why: 'written by a newer version' };
  let letter: Letter;
  try {
    letter = entry.letter;
  } catch {
    return { isRouted: false, why: 'cannot be read' };
  }
  const { source } = letter;
  if (isDelivery(letter)) {
    const { event, rule } = letter;
    const settings = config.destinations.find(({ name }) => name === destinationOf(entry));
    if (!settings) return { isRouted: false, why: 'of a destination that is not configured' };
    const destination = settings.name;
    // What may have arrived stays under its own rule, which may be gone by now.
    const isOwn = letter.sentUnder !== undefined || settings.rules.some(({ name }) => name === rule);
    const route = isOwn
      ? { destination, rules: [rule] }
      : config.route(event, source).find((each) => each.destination === destination)!;
    return { isRouted: true, letter, source, event, routes: [route], timeFromReceipt: false };
  }
  const rejected = rejectedArrival(letter, config, vouching);
  if (!rejected) return { isRouted: false, why: 'of an unknown write key' };
  const received = receiveEvent(rejected.arrival, rejected.source, config.receiver);
  if (received.status === 'ignored') return { isRouted: false, why: 'switched off by its integrations' };
  if (received.status === 'rejected') {
    const { reason, detail } = received.rejected;
    return { isRouted: false, why: 'still no Segment event', rejection: { reason, detail } };
  }
  const { event, timeFromReceipt } = received;
  const { name } = rejected.source;
  return { isRouted: true, letter, source: name, event, routes: config.route(event, name), timeFromReceipt };
}
