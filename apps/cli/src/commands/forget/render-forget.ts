import type { Forgotten, PersonFound, RefusedList, Rest } from '@meterbridge/operations';
import { grouped } from '../../terminal/grouped.js';
import { type Column, renderTable } from '../../terminal/table.js';
import { wrapText } from '../../terminal/wrap-text.js';

const COLUMNS: Column[] = [
  { head: 'destination', minWidth: 11 },
  { head: 'dead letters', align: 'right' },
  { head: 'waiting', align: 'right' },
  { head: 'in a worker’s hand', align: 'right' },
  { head: 'of all: may be at the API', align: 'right' },
];

/** Where a person is, as a table and what else there is. @param width of the table, in characters */
export function renderFound(found: PersonFound, width: number): string {
  const isRefused = found.isRefused ? '\nLater events of this person are refused.' : '';
  const receipts = found.mayBeInReceipts
    ? `\n${wrapText('Receipts of what was delivered may have the person: an archivist looks through them once you forget.', width)}`
    : '';
  return renderPlaces(found, width) + receipts + isRefused;
}

function renderPlaces(found: PersonFound, width: number): string {
  const { places, lateUsage, subscriptions, records, unreadable } = found;
  const beside = [
    lateUsage > 0 && `${say(lateUsage, 'late delivery', 'late deliveries')} under the person's id`,
    subscriptions > 0 && `${say(subscriptions, 'subscription')} that was looked up`,
    records > 0 && `${say(records, 'record')} of what people did`,
    unreadable > 0 && `${say(unreadable, 'letter or job', 'letters and jobs')} that cannot be read`,
  ].filter((line) => line !== false);
  if (places.length === 0 && beside.length === 0) return 'Nothing of this person is kept.';
  if (places.length === 0) return `Nothing waits and nothing is dead. Beside that: ${beside.join(', ')}.`;
  const rows = places.map(({ destination, letters, waiting, inHand, maybeSent }) => [
    destination,
    ...[letters, waiting, inHand, maybeSent].map(grouped),
  ]);
  const table = renderTable({ columns: COLUMNS, rows }, width);
  return beside.length === 0 ? table : `${table}\n${wrapText(`Beside that: ${beside.join(', ')}.`, width)}`;
}

const LEFT: Record<Rest, string> = {
  in_hand: 'A worker still has events of this person: say the same again in a while (meterbridge status).',
  replaying: 'A replay is open and moves letters: say the same again once it is done (meterbridge replays).',
  arriving: 'Events of this person come in all the time: stop them at their source, and say the same again.',
  receivers:
    'A receiver has not said that it refuses the person (it is hung, of an older version, or has another privacyKey): say the same again once each has; meterbridge status names them.',
  receipts:
    'The receipts are not done: the request waits in Redis and holds the ids until an archivist has done it (meterbridge status).',
  stopped: 'Stopped: what was taken is counted, the rest is as it was. The same command goes on.',
};

/** What was taken, what is left, and where else the person is. */
export function renderForgotten(forgotten: Forgotten): string {
  const { letters, deliveries, lateUsage, subscriptions, records, unreadable, rest, digest, aof } = forgotten;
  const { isRefused } = forgotten;
  const counts = `${say(letters, 'dead letter')} and ${say(deliveries, 'waiting delivery', 'waiting deliveries')} forgotten`;
  const beside = `${lateUsage} late, ${subscriptions} looked up, ${records} recorded`;
  const lines = [
    `${counts}; beside them ${beside}.`,
    ...renderReceipts(forgotten),
    ...(rest === null ? [] : [LEFT[rest]]),
    ...(unreadable === 0
      ? []
      : [`${say(unreadable, 'letter or job', 'letters and jobs')} cannot be read and may hold the person.`]),
    digest === undefined
      ? 'Without a privacyKey the record says who did it and how much, and not of whom.'
      : `Remembered as ${digest}: meterbridge dead-letters discards`,
    isRefused
      ? 'Later events of the person are counted and not kept, until: meterbridge forget … --allow-again'
      : 'Later events of the person come in: stop them at their source, or say it with --refuse-later',
    '',
    'Where else the person may be:',
    ...aof.map(({ server, result }) => `- ${server}: ${AOF[result]}`),
    '- snapshots (RDB), replicas that are cut off, backups and exports: until they are replaced',
    '- the billing APIs: what was delivered is theirs to delete, and on their bills',
    '- Segment: its archives, and a replay of them brings the person back',
  ];
  return lines.join('\n');
}

function renderReceipts({ receipts }: Forgotten): string[] {
  if (receipts === null) return [];
  const { state, rows, files, untold, left, isArchivistThere } = receipts;
  const blanked = `${say(rows, 'receipt')} in ${say(files, 'file')} blanked: what is counted stays.`;
  const missing = isArchivistThere ? 'not done yet' : 'no archivist runs, which alone may write there';
  return [
    ...(state === 'open' ? [`Receipts of ${left.join(', ')}: ${missing}.`] : [blanked]),
    ...(untold === 0
      ? []
      : [
          `${say(untold, 'file')} of receipts cannot tell whose rows it has, and may have the person: see docs/privacy.md, Receipts`,
        ]),
  ];
}

const AOF = {
  started:
    'its append-only file is being written anew (BGREWRITEAOF), and holds the person until that is done',
  busy: 'its append-only file was being written anew already: say BGREWRITEAOF once that is done',
  off: 'it keeps no append-only file',
  refused: 'it does not let anybody write its append-only file anew (BGREWRITEAOF): its operator has to',
} as const;

/** How many are refused, and since when the last of them; no list has an id. */
export function renderRefused({ people, underAnotherKey, since }: RefusedList): string {
  if (people === 0) return 'Nobody is refused.';
  const newest = new Date(since[0]!).toISOString().slice(0, 16).replace('T', ' ');
  const lines = [
    `Later events of ${say(people, 'person', 'people')} are refused, the last since ${newest} UTC.`,
  ];
  if (underAnotherKey > 0) {
    lines.push(
      `${say(underAnotherKey, 'of them was', 'of them were')} refused under another privacyKey: their events come in, until it is said again with this one.`,
    );
  }
  return lines.join('\n');
}

function say(count: number, one: string, several = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : several}`;
}
