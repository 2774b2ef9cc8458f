import { hashContent } from '../content-hash.js';
import { alterOne, Flaws } from '../flaws.js';
import { type Arrival, Ledger } from '../ledger.js';
import type { SharedOptions } from '../options.js';
import { isRemoval, type UsageEvent } from './bill.js';
import { type Billability, createBillability, type UnbillableReason } from './billability.js';
import type { KnownSubscriptions } from './known-subscriptions.js';
import type { LagoOptions } from './options.js';
import type { LagoEvent } from './read-event.js';

/** What is kept of an event besides its key, code, subscription and time. */
export type LagoContent = { properties: Record<string, unknown>; precise_total_amount_cents: string | null };

export type LagoEventCounts = {
  /** Events in requests that were read, whatever became of them. */
  received: number;
  /** Events taken with a 200, repeats that replaced a twin included. */
  stored: number;
  /** Postgres: refused with value_already_exist. */
  duplicates: number;
  /** Refused for what they said: presence, timestamp, expression. */
  refused: number;
  /** Good events that went back because another of their batch was refused. */
  rolledBack: number;
  /** Events of requests that Lago answers with 500 for what one of them holds. */
  crashed: number;
  /** ClickHouse: repeats that took the place of their twin. */
  replaced: number;
  /** ClickHouse: a transaction_id again with another timestamp, for one code and subscription: billed again. */
  billedTwice: number;
  /** Stored with a 200, and on no invoice. */
  unbillable: Partial<Record<UnbillableReason, number>>;
};

type Batch = { stored: true; rows: number[] } | { stored: false; duplicates: number[] };

/** Takes events in the manner of Lago's Postgres or ClickHouse organizations. */
export class LagoStore {
  readonly #options: LagoOptions;
  readonly #shared: SharedOptions;
  readonly billability: Billability;
  readonly flaws = new Flaws();
  ledger: Ledger;
  counts = noCounts();
  readonly #unbillable = new Map<number, UnbillableReason>();
  /** What each row adds to its metric; only where metrics are known. */
  readonly amounts: unknown[] = [];
  /** Rows that are not answered any more, and still refuse their key. */
  readonly #deleted = new Set<number>();
  /** Rows that take their value out of a unique count again. */
  readonly #removals = new Set<number>();

  constructor(options: LagoOptions, shared: SharedOptions, subscriptions: KnownSubscriptions) {
    this.#options = options;
    this.#shared = shared;
    this.billability = createBillability(options, subscriptions);
    this.ledger = new Ledger(shared.keptEvents);
  }

  /** All or nothing. Not stored, `duplicates` are the indexes that Lago would name. */
  store(events: readonly LagoEvent[], receivedAtMs: number): Batch {
    if (this.#options.store === 'clickhouse') {
      return {
        stored: true,
        rows: events.map((event) => this.#replace(toArrival(event, receivedAtMs), event)),
      };
    }
    const duplicates = this.#findDuplicates(events);
    if (duplicates.length > 0) {
      this.#noteDuplicates(events, duplicates, receivedAtMs);
      return { stored: false, duplicates };
    }
    return { stored: true, rows: events.map((event) => this.#append(toArrival(event, receivedAtMs), event)) };
  }

  reset(): void {
    this.ledger = new Ledger(this.#shared.keptEvents, this.ledger.revision + 1);
    this.counts = noCounts();
    this.flaws.reset();
    this.#unbillable.clear();
    this.amounts.length = 0;
    this.#removals.clear();
    this.#deleted.clear();
  }

  /** Soft deletion, as Lago has it: whatever has this transaction_id is not to be read any more. */
  softDelete(transactionId: string): void {
    const { ledger } = this;
    for (let row = ledger.first(transactionId); row >= 0; row = ledger.next(row)) this.#deleted.add(row);
    ledger.revision += 1;
  }

  isDeleted(row: number): boolean {
    return this.#deleted.has(row);
  }

  /** Postgres: an event of this subscription and transaction_id is there. */
  holds(event: LagoEvent): boolean {
    return this.#rowOf(event) >= 0;
  }

  /** Any `operation_type` but `add` is a removal to a unique count, `Add` and `login` too. */
  isRemoval(row: number): boolean {
    return this.#removals.has(row);
  }

  /** Every event of a subscription's id, in order of arrival. Reads every row. */
  usageOf(externalId: string): UsageEvent[] {
    const owner = this.ledger.owners.find(externalId);
    const events: UsageEvent[] = [];
    for (let row = 0; row < this.ledger.size; row += 1) {
      if (this.ledger.columns.owner[row] === owner && !this.isDeleted(row)) events.push(this.usageAt(row));
    }
    return events;
  }

  /** An event as it is billed; past the contents that are kept, with the property that its metric reads. */
  usageAt(row: number): UsageEvent {
    const { ledger } = this;
    const code = ledger.codes.nameOf(ledger.columns.code[row]!);
    const content = ledger.contentOf(row) as LagoContent | undefined;
    return {
      code,
      timestampMs: ledger.columns.timestampMs[row]!,
      properties: content?.properties ?? this.#readProperty(row, code),
      amountCents: content?.precise_total_amount_cents ?? null,
    };
  }

  /** Why a row is not; undefined where it is. */
  whyUnbillable(row: number): UnbillableReason | undefined {
    return this.#unbillable.get(row);
  }

  /** Taken by Lago's bills, as far as can be said when it comes: there and then, its period left aside. */
  isBillable(row: number): boolean {
    return !this.#unbillable.has(row);
  }

  /**
   * The unique index is on subscription and transaction_id, but Lago then looks its inserted rows up by the
   * transaction_id alone: one id under two subscriptions of a batch is refused as well, and of repeats
   * within a batch the first is not named.
   */
  #findDuplicates(events: readonly LagoEvent[]): number[] {
    const inserted = new Set<string>();
    for (const event of events) {
      if (this.#rowOf(event) < 0) inserted.add(event.transactionId!);
    }
    if (inserted.size === events.length) return [];
    const duplicates: number[] = [];
    events.forEach((event, index) => {
      if (!inserted.delete(event.transactionId!)) duplicates.push(index);
    });
    return duplicates;
  }

  /** Postgres' row for this key, or -1. A null subscription equals no other in a unique index. */
  #rowOf(event: LagoEvent): number {
    if (event.externalSubscriptionId === null) return -1;
    let row = this.ledger.first(event.transactionId!);
    if (row < 0) return -1;
    const owner = this.ledger.owners.find(event.externalSubscriptionId);
    while (row >= 0 && this.ledger.columns.owner[row] !== owner) row = this.ledger.next(row);
    return row;
  }

  #readProperty(row: number, code: string | null): Record<string, unknown> {
    const field = this.#options.metrics?.[code ?? '']?.field;
    return {
      ...(field !== undefined && { [field]: this.amounts[row] }),
      ...(this.#removals.has(row) && { operation_type: 'remove' }),
    };
  }

  #noteDuplicates(events: readonly LagoEvent[], duplicates: number[], receivedAtMs: number): void {
    this.counts.duplicates += duplicates.length;
    this.counts.rolledBack += events.length - duplicates.length;
    for (const index of duplicates) {
      const row = this.#rowOf(events[index]!);
      if (row >= 0) this.ledger.refuseAgain(row, toArrival(events[index]!, receivedAtMs));
    }
  }

  /** ClickHouse: subscription, code, transaction_id and timestamp tell events apart; the newest copy stays. */
  #replace(arrival: Arrival, event: LagoEvent): number {
    const { ledger } = this;
    let row = ledger.first(arrival.id);
    if (row < 0) return this.#append(arrival, event);
    const owner = ledger.owners.find(arrival.owner);
    const code = ledger.codes.find(arrival.code);
    let hasTwin = false;
    for (; row >= 0; row = ledger.next(row)) {
      if (ledger.columns.owner[row] !== owner || ledger.columns.code[row] !== code) continue;
      if (ledger.columns.timestampMs[row] === arrival.timestampMs) {
        ledger.storeAgain(row, arrival, true);
        this.counts.stored += 1;
        this.counts.replaced += 1;
        this.#noteBilling(row, event);
        return row;
      }
      hasTwin = true;
    }
    if (hasTwin) this.counts.billedTwice += 1;
    return this.#append(arrival, event);
  }

  #append(arrival: Arrival, event: LagoEvent): number {
    const flaw = this.flaws.next(arrival.id);
    if (flaw === 'lost') {
      this.counts.stored += 1;
      return LOST_ROW;
    }
    if (flaw === 'altered') return this.#keep(...alter(event, arrival.receivedAtMs));
    if (flaw === 'twice') this.#keep(arrival, event);
    return this.#keep(arrival, event);
  }

  #keep(arrival: Arrival, event: LagoEvent): number {
    const row = this.ledger.append(arrival);
    this.counts.stored += 1;
    this.#noteBilling(row, event);
    return row;
  }

  #noteBilling(row: number, event: LagoEvent): void {
    const { metrics } = this.#options;
    if (metrics !== undefined) {
      const field = event.code === null ? undefined : metrics[event.code]?.field;
      this.amounts[row] = field === undefined ? undefined : event.properties[field];
      if (isRemoval(event.properties)) this.#removals.add(row);
      else this.#removals.delete(row);
    }
    const reason = this.billability.judge(event);
    const before = this.#unbillable.get(row);
    if (reason === before) return;
    const { unbillable } = this.counts;
    if (before !== undefined) unbillable[before]! -= 1;
    if (reason === undefined) this.#unbillable.delete(row);
    else {
      this.#unbillable.set(row, reason);
      unbillable[reason] = (unbillable[reason] ?? 0) + 1;
    }
  }
}

/** Of an event that was answered for and is nowhere. */
const LOST_ROW = 2 ** 40;

function alter(event: LagoEvent, receivedAtMs: number): [Arrival, LagoEvent] {
  const altered = { ...event, properties: alterOne(event.properties) };
  return [toArrival(altered, receivedAtMs), altered];
}

function toArrival(event: LagoEvent, receivedAtMs: number): Arrival {
  const { code, externalSubscriptionId, timestampMs, preciseTotalAmountCents, properties } = event;
  return {
    id: event.transactionId ?? '',
    code,
    owner: externalSubscriptionId,
    timestampMs,
    hash: hashContent([code, externalSubscriptionId, timestampMs, preciseTotalAmountCents, properties]),
    receivedAtMs,
    content: { properties, precise_total_amount_cents: preciseTotalAmountCents } satisfies LagoContent,
  };
}

function noCounts(): LagoEventCounts {
  return {
    received: 0,
    stored: 0,
    duplicates: 0,
    refused: 0,
    rolledBack: 0,
    crashed: 0,
    replaced: 0,
    billedTwice: 0,
    unbillable: {},
  };
}
