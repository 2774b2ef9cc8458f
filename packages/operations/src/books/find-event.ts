import { RECEIVER, readCounters } from '@meterbridge/queue';
import type { Receipt } from '@meterbridge/receipts';
import type { LetterSummary } from '../dead-letters/page.js';
import type { Operations } from '../open.js';
import type { Work } from '../work.js';
import { type BooksStore, withBooks } from './books.js';
import { findLetters } from './find-letters.js';
import { type HeldUsage, readHeld } from './held-usage.js';
import { readWaitingReceipts } from './waiting-receipts.js';

/** All that is known of an id. */
export type FoundEvent = {
  id: string;
  /** Every delivery that ended, in the order in which they did. */
  deliveries: FoundDelivery[];
  deadLetters: FoundLetter[];
  /** What the APIs hold now; empty where they were not asked. */
  held: HeldUsage[];
  /** Usage events beyond those that the APIs were asked for. */
  notAsked: number;
  /** Where else it can be, or could have been, by destination. */
  places: FoundPlace[];
};

export type FoundDelivery = {
  destination: string;
  outcome: string;
  messageId?: string | undefined;
  event: string;
  /** The event's own time, ISO 8601, as all times here. */
  time?: string | undefined;
  source: string;
  request?: string | undefined;
  /** The hour in which it was accepted. */
  acceptedHour: string;
  settled: string;
  attempts?: number | undefined;
  rule?: string | undefined;
  /** The version of the rules that it was sent by. */
  rules?: string | undefined;
  job?: string | undefined;
  code?: string | undefined;
  usageId?: string | undefined;
  owner?: string | undefined;
  customer?: string | undefined;
  /** The usage event as it was sent; absent where the rules that made it are not kept. */
  sent?: unknown;
  /** It waits in Redis for the archivist. */
  waits: boolean;
};

export type FoundLetter = LetterSummary & { destination: string };

export type FoundPlace = {
  destination: string;
  /** Deliveries that wait or are on their way: nobody knows of which events. */
  inFlight: number;
  /** Settlements that wait in Redis for the archivist; they were looked through. */
  waiting: number;
  waitingSince: string | null;
  /** When the first receipt was settled; null where there are no books. */
  booksBegin: string | null;
  /** Deliveries that ended without a receipt, since too much waited. */
  withoutReceipt: number;
};

/**
 * Follows an event from its receipts to the APIs.
 * @param question `id`: of the event (messageId), of the request that brought it, or what it is called at an API;
 *   `offline` asks no API
 * @throws NewerFormatError; what opening the books throws
 */
export async function findEvent(
  ops: Operations,
  { id, offline = false }: { id: string; offline?: boolean },
  store: BooksStore,
  work: Work = {},
): Promise<FoundEvent> {
  const own = ops.names.filter((name) => name !== RECEIVER);
  const names = [...new Set([...own, ...(await store.destinations())])];
  const found = [];
  for (const name of names) found.push(await findIn(ops, name, id, store));
  const messages = found.flatMap(({ receipts }) =>
    receipts.flatMap((each) => (each.usageId === id ? (each.messageId ?? []) : [])),
  );
  const deadLetters = await findLetters(ops, new Set([id, ...messages]), work);
  const { held, notAsked } = offline ? { held: [], notAsked: 0 } : await readHeld(ops, found, work);
  const deliveries = found.flatMap(({ destination, receipts, waiting }) =>
    receipts.map((receipt) => toDelivery(receipt, destination, waiting.has(nameOf(receipt)))),
  );
  deliveries.sort((one, other) => (one.settled < other.settled ? -1 : Number(one.settled > other.settled)));
  return { id, deliveries, deadLetters, held, notAsked, places: found.map(({ place }) => place) };
}

type FoundIn = {
  destination: string;
  receipts: Receipt[];
  /** Names of those that wait. */
  waiting: ReadonlySet<string>;
  place: FoundPlace;
};

/** In the order of an event's way, so that one that moves on meanwhile is seen twice rather than never. */
async function findIn(
  { redis }: Operations,
  destination: string,
  id: string,
  store: BooksStore,
): Promise<FoundIn> {
  const { inFlight } = await readCounters(destination, redis);
  const isMeant = ({ messageId, usageId, request }: Receipt) => [messageId, usageId, request].includes(id);
  const waiting = await readWaitingReceipts(redis, destination, isMeant);
  const booked = await withBooks(store, destination, async (books) => ({
    receipts: await books.find(id),
    begin: await books.beginsAt(),
    gaps: (await books.counts()).gaps,
  }));
  const known = new Set(booked.receipts.map(nameOf));
  const waits = waiting.receipts.filter((receipt) => !known.has(nameOf(receipt)));
  return {
    destination,
    receipts: [...booked.receipts, ...waits],
    waiting: new Set(waits.map(nameOf)),
    place: {
      destination,
      inFlight,
      waiting: waiting.entries,
      waitingSince: isoOrNull(waiting.oldestAt),
      booksBegin: isoOrNull(booked.begin),
      withoutReceipt: booked.gaps.reduce((sum, { deliveries }) => sum + deliveries, 0),
    },
  };
}

/** The same for each time that one settlement comes. */
function nameOf({ shard, job, rev, entry, position }: Receipt): string {
  return JSON.stringify([shard, job ?? entry, rev, position]);
}

function toDelivery(receipt: Receipt, destination: string, waits: boolean): FoundDelivery {
  const { outcome, messageId, event, source, request, attempts, rule, rules, job } = receipt;
  const { code, usageId, owner, customer, usage, eventAt, acceptedHour, settledAt } = receipt;
  return {
    destination,
    outcome,
    messageId,
    event,
    time: eventAt === undefined ? undefined : new Date(eventAt).toISOString(),
    source,
    request,
    acceptedHour: new Date(acceptedHour * 3_600_000).toISOString(),
    settled: new Date(settledAt).toISOString(),
    attempts,
    rule,
    rules,
    job,
    code,
    usageId,
    owner,
    customer,
    sent: usage === undefined ? undefined : JSON.parse(usage),
    waits,
  };
}

function isoOrNull(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
