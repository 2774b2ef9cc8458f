import type { Status } from '@meterbridge/operations';
import { RECEIVER } from '@meterbridge/queue';
import { grouped } from '../../terminal/grouped.js';

/** What became of everything so far, in one line. */
export function renderCounts({ places }: Pick<Status, 'places'>): string {
  const sum = (of: (place: Status['places'][number]) => number) =>
    grouped(places.reduce((total, place) => total + of(place), 0));
  const held = places.filter(({ gate }) => gate?.state === 'held').map(({ destination }) => destination);
  const counts = [
    `accepted ${sum(({ destination, accepted }) => (destination === RECEIVER ? 0 : accepted))}`,
    `delivered ${sum(({ delivered, duplicate }) => delivered + duplicate)}`,
    `filtered ${sum(({ filtered }) => filtered)}`,
    `dead ${sum(({ dead }) => dead)}`,
    `in flight ${sum(({ inFlight }) => inFlight)}`,
  ];
  // First, since a narrow terminal cuts the end off.
  return (held.length === 0 ? [...counts, 'none held'] : [`held: ${held.join(', ')}`, ...counts]).join(' · ');
}
