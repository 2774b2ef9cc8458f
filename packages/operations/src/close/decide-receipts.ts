import { splitBucket } from '@meterbridge/delivery';
import type { AuditLine } from '@meterbridge/queue';
import type { EventSpan, SpooledReceipts } from '@meterbridge/receipts';
import type { BooksVerdict } from '../audit/judge-books.js';
import { counted, type Decision, decide, deliveries, firstOf, hourText, minuteText } from './decision.js';

/** What ended without a receipt. */
export type Hole = {
  bucket: string;
  deliveries: number;
  filtered: number;
  eventFrom?: number | undefined;
  eventTo?: number | undefined;
};

export type ReceiptsLook = {
  /** What the books have of each bucket (`<hour>/<source>`) of the ledger. */
  verdicts: ReadonlyMap<string, BooksVerdict>;
  /** Buckets in which deliveries of the month were accepted, for all that the books know. */
  accepted: ReadonlySet<string>;
  month: EventSpan;
  /** When the first receipt that there is was settled, epoch milliseconds. */
  beginsAt: number | null;
  /** Deliveries of the month of which nobody knows what was sent. */
  unknown: number;
  /** Files that are not what their manifest says. */
  damaged: readonly string[];
  /** Hours and sources whose account does not add up. */
  unbalanced: readonly Pick<AuditLine, 'hour' | 'source' | 'difference'>[];
};

const HOUR_MS = 3_600_000;

/**
 * The books have what the ledger has, of every hour that may have brought events of the month: those that did, and all
 * from its beginning on, since of what is missing nobody knows when it was. Pure.
 */
export function decideReceipts(look: ReceiptsLook): Decision {
  const { verdicts, accepted, month, beginsAt, unknown, damaged, unbalanced } = look;
  const buckets = [...new Set([...verdicts.keys(), ...accepted])].toSorted(byHour);
  const lines = buckets.flatMap((bucket) => judgeBucket(bucket, look));
  const against = [
    ...firstOf(lines),
    ...firstOf(unbalanced.map(sayDifference)),
    ...firstOf(damaged.map((file) => `${file} is not what its manifest says: put it back from a copy`)),
  ];
  if (lines.length > 0 && beginsAt !== null && beginsAt > month.from) {
    against.unshift(`the books begin at ${minuteText(beginsAt)}`);
  }
  if (unknown > 0) {
    against.push(`of ${deliveries(unknown)} nobody knows what was sent: their rules are not kept`);
  }
  return decide(against, `the books have all that the ledger has since ${minuteText(month.from)}`);
}

const WHY: Record<BooksVerdict['state'], string> = {
  complete: '',
  gap: '',
  before: 'they began later',
  open: 'the hour goes on, or something of it is in flight',
  waiting: 'the archivist has not come so far',
  differs: 'they should have it',
};

function judgeBucket(bucket: string, { verdicts, accepted, month }: ReceiptsLook): string[] {
  const { hour, source } = splitBucket(bucket);
  const where = `accepted in ${hourText(hour)} from ${source}`;
  const verdict = verdicts.get(bucket);
  if (!verdict) return [`${where}: the ledger has nothing of it (it forgets settled hours after 90 days)`];
  const at = hour * HOUR_MS;
  const isOfMonth = accepted.has(bucket) || (at >= month.from && at < month.to);
  const { state, missing, missingFiltered } = verdict;
  if (state === 'complete' || state === 'gap' || (!isOfMonth && at < month.from)) return [];
  // Others have an hour that goes on, too; of the month is what the books know of.
  if (state === 'open' && (!isOfMonth || missing === 0)) return [];
  const [what, count] = missing === 0 ? ['filtered events', missingFiltered] : ['deliveries', missing];
  const [less, more] = [
    `lack ${count.toLocaleString('en')}`,
    `have ${(-count).toLocaleString('en')} too many`,
  ];
  return [`${where}: the books ${count >= 0 ? less : more} (${what}): ${WHY[state]}`];
}

function sayDifference({ hour, source, difference }: ReceiptsLook['unbalanced'][number]): string {
  const where = hour === null ? 'the account' : `accepted in ${hourText(hour)} from ${source}`;
  return `${where}: it does not add up, the difference is ${difference.toLocaleString('en')}`;
}

function byHour(one: string, other: string): number {
  return splitBucket(one).hour - splitBucket(other).hour || (one < other ? -1 : 1);
}

/** Nothing of the month ended without a receipt. Pure. */
export function decideGaps(holes: readonly Hole[], month: EventSpan): Decision {
  const lines = holes.filter((hole) => isTouching(hole, month)).map(sayHole);
  return decide(firstOf(lines), 'nothing of the month ended without a receipt');
}

/** What says nothing of its events' times may be of any. Filtered events go by the hour of their acceptance. */
function isTouching(
  { bucket, deliveries, filtered, eventFrom, eventTo }: Hole,
  { from, to }: EventSpan,
): boolean {
  const acceptedAt = splitBucket(bucket).hour * HOUR_MS;
  if (filtered > 0 && acceptedAt >= from && acceptedAt < to) return true;
  return deliveries > 0 && (eventFrom ?? from) < to && (eventTo ?? from) >= from;
}

function sayHole({ bucket, deliveries: count, filtered, eventFrom, eventTo }: Hole): string {
  const { hour, source } = splitBucket(bucket);
  const when =
    eventFrom === undefined || eventTo === undefined
      ? ''
      : `, of events from ${minuteText(eventFrom)} to ${minuteText(eventTo)}`;
  const more = filtered > 0 ? ` and ${counted(filtered, 'filtered event')}` : '';
  return `accepted in ${hourText(hour)} from ${source}: ${deliveries(count)}${more} ended without a receipt${when}`;
}

/** What of the month is in no file yet. */
export type NotInFiles = {
  /** In Redis' stream: deliveries, and events that no rule took. */
  waiting: number;
  spooled: SpooledReceipts;
};

/** All of the month is in files. Pure. */
export function decideArchived({ waiting, spooled: { events: spooled, settledAt } }: NotInFiles): Decision {
  const against: string[] = [];
  if (waiting > 0) {
    against.push(
      `${counted(waiting, 'receipt')} of the month ${waiting === 1 ? 'waits' : 'wait'} in Redis for the archivist, which has them within seconds where it runs`,
    );
  }
  if (spooled > 0 && settledAt !== null) {
    const full = minuteText((Math.floor(settledAt / HOUR_MS) + 1) * HOUR_MS);
    against.push(
      `${counted(spooled, 'receipt')} of the month ${spooled === 1 ? 'lies' : 'lie'} in spools: the archivist makes files of them soon after ${full}`,
    );
  }
  return decide(against, 'all of the month is in files');
}
