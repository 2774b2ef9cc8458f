import { showHash } from './content-hash.js';
import { createColumns, growColumns, Names } from './ledger-columns.js';

/** One arrival of an event at an API, in words both APIs share. */
export type Arrival = {
  /** Lago's transaction_id, Hyperline's record.id. */
  id: string;
  /** Lago's code, Hyperline's event_type. */
  code: string | null;
  /** The billed party: Lago's external_subscription_id, Hyperline's customer_id. */
  owner: string | null;
  timestampMs: number;
  /** Of everything but the id. */
  hash: number;
  receivedAtMs: number;
  content: unknown;
};

/** One content that arrived under a key, and how often. */
export type LedgerVersion = {
  contentHash: string;
  owner: string | null;
  timestampMs: number;
  arrivals: number;
  content?: unknown;
};

/** What became of one idempotency key. */
export type LedgerEntry = {
  id: string;
  code: string | null;
  owner: string | null;
  timestampMs: number;
  contentHash: string;
  /** Times the API took it with a 2xx. More than one is a repeat on the wire; it is in effect once. */
  stored: number;
  /** Times the API refused it as a duplicate. */
  refused: number;
  /** Empty where every arrival said the same; else each distinct content in order of arrival. */
  versions: LedgerVersion[];
  /** What is in effect, where it is kept: Lago's properties and amount, Hyperline's record. */
  content?: unknown;
};

export type LedgerCounts = {
  keys: number;
  /** Keys that were stored more than once. */
  storedAgain: number;
  /** Keys that were refused as duplicates at least once. */
  refusedAgain: number;
  /** Keys whose arrivals differed. */
  changed: number;
};

/**
 * Per idempotency key: how often stored, with what contents, what is in effect. Rows are numbers, and rows
 * with one id are chained, so that each API applies its own idea of a key. Made for a million keys.
 */
export class Ledger {
  readonly #keptEvents: number;
  readonly #rowById = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #contents: unknown[] = [];
  readonly #versions = new Map<number, LedgerVersion[]>();
  readonly codes = new Names();
  readonly owners = new Names();
  columns = createColumns(1024);
  #storedAgain = 0;
  #refusedAgain = 0;
  /** Changes with every arrival, for those who cache what they read. */
  revision: number;

  constructor(keptEvents: number, revision = 0) {
    this.#keptEvents = keptEvents;
    this.revision = revision;
  }

  get size(): number {
    return this.#ids.length;
  }

  /** The first row with this id, or -1. */
  first(id: string): number {
    return this.#rowById.get(id) ?? -1;
  }

  /** The next row with the same id, or -1. */
  next(row: number): number {
    return this.columns.next[row]! - 1;
  }

  idOf(row: number): string {
    return this.#ids[row]!;
  }

  contentOf(row: number): unknown {
    return this.#contents[row];
  }

  /** A key that was not there. */
  append(arrival: Arrival): number {
    const row = this.#ids.length;
    if (row === this.columns.owner.length) this.columns = growColumns(this.columns);
    this.#ids.push(arrival.id);
    const first = this.first(arrival.id);
    if (first < 0) this.#rowById.set(arrival.id, row);
    else this.columns.next[this.#lastOf(first)] = row + 1;
    this.#write(row, arrival);
    this.columns.stored[row] = 1;
    this.columns.firstReceivedAtMs[row] = arrival.receivedAtMs;
    this.revision += 1;
    return row;
  }

  /** The key again, taken by the API. `takesEffect` says whether this content replaces the one in effect. */
  storeAgain(row: number, arrival: Arrival, takesEffect: boolean): void {
    this.#noteVersion(row, arrival);
    if (this.columns.stored[row] === 1) this.#storedAgain += 1;
    this.columns.stored[row]! += 1;
    if (takesEffect) this.#write(row, arrival);
    this.revision += 1;
  }

  /** The key again, refused by the API as a duplicate. */
  refuseAgain(row: number, arrival: Arrival): void {
    this.#noteVersion(row, arrival);
    if (this.columns.refused[row] === 0) this.#refusedAgain += 1;
    this.columns.refused[row]! += 1;
  }

  /** Every entry under an id: more than one where the API tells them apart by more than the id. */
  find(id: string): LedgerEntry[] {
    const found: LedgerEntry[] = [];
    for (let row = this.first(id); row >= 0; row = this.next(row)) found.push(this.entry(row));
    return found;
  }

  /** When the API stored this id for the first time, epoch milliseconds; undefined where it holds none. */
  firstStoredAtMs(id: string): number | undefined {
    const row = this.first(id);
    return row < 0 ? undefined : this.columns.firstReceivedAtMs[row];
  }

  *entries(): Generator<LedgerEntry> {
    for (let row = 0; row < this.size; row += 1) yield this.entry(row);
  }

  entry(row: number): LedgerEntry {
    const { columns } = this;
    const content = this.#contents[row];
    return {
      id: this.#ids[row]!,
      code: this.codes.nameOf(columns.code[row]!),
      owner: this.owners.nameOf(columns.owner[row]!),
      timestampMs: columns.timestampMs[row]!,
      contentHash: showHash(columns.hash[row]!),
      stored: columns.stored[row]!,
      refused: columns.refused[row]!,
      versions: this.#versions.get(row) ?? [],
      content,
    };
  }

  /** Milliseconds from an event's own time until it arrived, from a row on. */
  ages(from: number): number[] {
    const { timestampMs, receivedAtMs } = this.columns;
    return Array.from(receivedAtMs.subarray(from, this.size), (at, row) => at - timestampMs[from + row]!);
  }

  counts(): LedgerCounts {
    return {
      keys: this.size,
      storedAgain: this.#storedAgain,
      refusedAgain: this.#refusedAgain,
      changed: this.#versions.size,
    };
  }

  #write(row: number, arrival: Arrival): void {
    const { columns } = this;
    columns.owner[row] = this.owners.numberOf(arrival.owner);
    columns.code[row] = this.codes.numberOf(arrival.code);
    columns.timestampMs[row] = arrival.timestampMs;
    columns.hash[row] = arrival.hash;
    columns.receivedAtMs[row] = arrival.receivedAtMs;
    if (row < this.#keptEvents) this.#contents[row] = arrival.content;
  }

  #lastOf(row: number): number {
    let last = row;
    for (let next = this.next(row); next >= 0; next = this.next(next)) last = next;
    return last;
  }

  /** Only where something differs: the common repeat costs nothing. */
  #noteVersion(row: number, arrival: Arrival): void {
    const known = this.#versions.get(row);
    if (known === undefined && this.columns.hash[row] === arrival.hash) return;
    const versions = known ?? [this.#firstVersion(row)];
    this.#versions.set(row, versions);
    const contentHash = showHash(arrival.hash);
    const same = versions.find((version) => version.contentHash === contentHash);
    if (same !== undefined) {
      same.arrivals += 1;
      return;
    }
    const { owner, timestampMs, content } = arrival;
    const kept = row < this.#keptEvents ? { content } : {};
    versions.push({ contentHash, owner, timestampMs, arrivals: 1, ...kept });
  }

  #firstVersion(row: number): LedgerVersion {
    const { contentHash, owner, timestampMs, stored, refused, content } = this.entry(row);
    const kept = { content };
    return { contentHash, owner, timestampMs, arrivals: stored + refused, ...kept };
  }
}
