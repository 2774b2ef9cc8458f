import { hashContent } from '../content-hash.js';
import { alterOne, Flaws } from '../flaws.js';
import { type Arrival, Ledger } from '../ledger.js';
import type { SharedOptions } from '../options.js';
import type { HyperlineOptions } from './options.js';
import { type HyperlineEvent, type HyperlineProblem, readHyperlineEvent } from './read-event.js';

export type HyperlineRefusal = HyperlineProblem | 'customer_unknown';

export type HyperlineEventCounts = {
  received: number;
  /** Taken with a 2xx, whatever effect they had. */
  stored: number;
  /** Refused, alone or in `events_failed`. */
  failed: number;
  failedBecause: Partial<Record<HyperlineRefusal, number>>;
  /** The same key, timestamp and content again: no effect. */
  duplicates: number;
  /** A newer timestamp took the place of what was there. */
  revisions: number;
  /** An older timestamp than what is in effect: taken, and without effect. */
  stale: number;
  /** The same key and timestamp with another content: one of the two is lost, and no page says which. */
  conflicts: number;
  /** The same key under another customer, who thereby takes over the other's usage. */
  stolen: number;
  /** Taken, with a timestamp outside 2000 to 2100: seconds sent as milliseconds, or the reverse. */
  implausibleTimestamps: number;
};

/** What happened to a key that should not have: the two sides by content hash and customer in the ledger. */
export type HyperlineIncident = { kind: 'conflict' | 'stolen'; event_type: string; record_id: string };

const KEPT_INCIDENTS = 1000;
const PLAUSIBLE_FROM_MS = Date.UTC(2000, 0);
const PLAUSIBLE_TO_MS = Date.UTC(2100, 0);

/** Takes events in Hyperline's manner: the key is event_type and record.id, the newest timestamp wins. */
export class HyperlineStore {
  readonly #keptEvents: number;
  readonly #customers: ReadonlySet<string> | undefined;
  readonly flaws = new Flaws();
  ledger: Ledger;
  counts = noCounts();
  incidents: HyperlineIncident[] = [];

  constructor(options: HyperlineOptions, { keptEvents }: SharedOptions) {
    this.#keptEvents = keptEvents;
    this.#customers = options.knownCustomers && new Set(options.knownCustomers);
    this.ledger = new Ledger(keptEvents);
  }

  /** Takes one event, or says why not. */
  store(input: unknown, receivedAtMs: number): HyperlineRefusal | undefined {
    this.counts.received += 1;
    const read = readHyperlineEvent(input);
    if (typeof read === 'string') return this.#refuse(read);
    if (this.#customers !== undefined && !this.#customers.has(read.customerId))
      return this.#refuse('customer_unknown');
    this.counts.stored += 1;
    if (read.timestampMs < PLAUSIBLE_FROM_MS || read.timestampMs > PLAUSIBLE_TO_MS)
      this.counts.implausibleTimestamps += 1;
    const arrival = toArrival(read, receivedAtMs);
    const row = this.rowOf(read.eventType, read.recordId);
    if (row < 0) this.#append(read, arrival);
    else this.#storeAgain(row, arrival);
    return undefined;
  }

  /** The row of a key, or -1. */
  rowOf(eventType: string, recordId: string): number {
    let row = this.ledger.first(recordId);
    if (row < 0) return -1;
    const code = this.ledger.codes.find(eventType);
    while (row >= 0 && this.ledger.columns.code[row] !== code) row = this.ledger.next(row);
    return row;
  }

  reset(): void {
    this.ledger = new Ledger(this.#keptEvents);
    this.counts = noCounts();
    this.flaws.reset();
    this.incidents = [];
  }

  #append(event: HyperlineEvent, arrival: Arrival): void {
    const flaw = this.flaws.next(arrival.id);
    if (flaw === 'lost') return;
    const altered = { ...event, record: alterOne(event.record) };
    this.ledger.append(flaw === 'altered' ? toArrival(altered, arrival.receivedAtMs) : arrival);
    if (flaw === 'twice') this.ledger.append(arrival);
  }

  #storeAgain(row: number, arrival: Arrival): void {
    const { columns, owners } = this.ledger;
    const isStolen = owners.nameOf(columns.owner[row]!) !== arrival.owner;
    if (isStolen) {
      this.counts.stolen += 1;
      this.#note('stolen', arrival);
    }
    const inEffectMs = columns.timestampMs[row]!;
    if (arrival.timestampMs > inEffectMs) this.counts.revisions += 1;
    else if (arrival.timestampMs < inEffectMs) this.counts.stale += 1;
    else if (columns.hash[row] === arrival.hash) this.counts.duplicates += 1;
    else {
      this.counts.conflicts += 1;
      this.#note('conflict', arrival);
    }
    this.ledger.storeAgain(row, arrival, arrival.timestampMs >= inEffectMs);
  }

  #note(kind: HyperlineIncident['kind'], { code, id }: Arrival): void {
    if (this.incidents.length < KEPT_INCIDENTS)
      this.incidents.push({ kind, event_type: code!, record_id: id });
  }

  #refuse(reason: HyperlineRefusal): HyperlineRefusal {
    this.counts.failed += 1;
    this.counts.failedBecause[reason] = (this.counts.failedBecause[reason] ?? 0) + 1;
    return reason;
  }
}

function toArrival(event: HyperlineEvent, receivedAtMs: number): Arrival {
  const { customerId, eventType, timestampMs, recordId, record } = event;
  const hash = hashContent([customerId, timestampMs, record]);
  return {
    id: recordId,
    code: eventType,
    owner: customerId,
    timestampMs,
    hash,
    receivedAtMs,
    content: record,
  };
}

function noCounts(): HyperlineEventCounts {
  return {
    received: 0,
    stored: 0,
    failed: 0,
    failedBecause: {},
    duplicates: 0,
    revisions: 0,
    stale: 0,
    conflicts: 0,
    stolen: 0,
    implausibleTimestamps: 0,
  };
}
