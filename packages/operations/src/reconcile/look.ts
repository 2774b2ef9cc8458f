import type { BooksLookup, ListedUsage, UsageIdentity } from '@meterbridge/destinations';
import { type EventSpan, isForgotten, type Receipt, type ReceiptReader } from '@meterbridge/receipts';
import type { ApiSide } from './ask-books.js';
import { compareLists, isOfOlderRule, type UsageReceipt } from './compare-lists.js';
import { type CodeSpan, countWithin, halve } from './spans.js';

/** What one look has seen that should not be. */
export type Difference = { receipt: UsageReceipt } & (
  | { kind: 'missing' }
  | { kind: 'twice'; rows: ListedUsage[] }
  | { kind: 'other'; row: ListedUsage; fields: string[] }
);

/** A span that was listed, and what differed in it. */
export type Listed = {
  code: string;
  span: EventSpan;
  differences: Difference[];
  /** Usage events that the books do not know. */
  others: number;
  /** Usage events whose content nobody could compare. */
  notCompared: number;
};

/** What is asked of the books. */
export type UsageBooks = Pick<ReceiptReader, 'countUsage' | 'listUsage' | 'find' | 'counts' | 'close'>;

export type LookOptions = {
  api: ApiSide;
  lookup: Pick<BooksLookup, 'pageSize' | 'toleranceMs'>;
  identity: UsageIdentity;
  receipts: Pick<UsageBooks, 'listUsage'>;
  /** Compare all content, also where counts are equal. */
  contents: boolean;
};

/** Pages that are listed rather than halved further. */
const FEW_PAGES = 2;

/** Holds spans of the books against the API. */
export class Look {
  private readonly options: LookOptions;

  constructor(options: LookOptions) {
    this.options = options;
  }

  /**
   * Counts a span at the API, and finds by halving what is unequal.
   * @returns usage events held there; what had to be listed
   */
  async compareSpan(of: CodeSpan): Promise<{ held: number; others: number; listed: Listed[] }> {
    const { api } = this.options;
    if (of.booked === 0) {
      const held = await api.count(of.code, of.span);
      return { held, others: held, listed: [] };
    }
    if (this.options.contents) return this.narrow(of, await this.timesOf(of));
    const held = await api.count(of.code, of.span);
    if (held === of.booked) return { held, others: 0, listed: [] };
    return this.narrow(of, await this.timesOf(of), held);
  }

  /** Lists a span on both sides. */
  async compareListed(code: string, span: EventSpan): Promise<Listed> {
    const { api, lookup, identity, receipts } = this.options;
    const rows = await api.list(code, widen(span, lookup.toleranceMs));
    const booked: UsageReceipt[] = [];
    let forgotten = 0;
    for await (const receipt of receipts.listUsage(code, widen(span, 2 * lookup.toleranceMs))) {
      if (isForgotten(receipt)) forgotten += isWithin(receipt, span) ? 1 : 0;
      else if (isOfUsage(receipt)) booked.push(receipt);
    }
    const found = compareLists(booked, rows, span, identity);
    // The books know that there was one, and not which: so many that they do not know are these.
    const others = Math.max(0, found.others - forgotten);
    const listed: Listed = { code, span, differences: [], others, notCompared: 0 };
    for (const receipt of found.missing) listed.differences.push({ kind: 'missing', receipt });
    for (const twice of found.twice) listed.differences.push({ kind: 'twice', ...twice });
    for (const { receipt, row } of [...found.pairs, ...found.otherOwner]) {
      if (isOfOlderRule(receipt)) continue;
      const fields = receipt.usage === undefined ? null : await api.compare(receipt.usage, row);
      if (fields === null) listed.notCompared += 1;
      else if (fields.length > 0) listed.differences.push({ kind: 'other', receipt, row, fields });
    }
    return listed;
  }

  /** @param held what the API has counted of the span, where it was asked */
  private async narrow(
    of: CodeSpan,
    times: readonly number[],
    counted?: number,
  ): Promise<{ held: number; others: number; listed: Listed[] }> {
    const { api, lookup, contents } = this.options;
    const most = FEW_PAGES * lookup.pageSize;
    const halves = halve(of.span);
    const isLarge = of.booked > most && halves !== null;
    const held = counted ?? (isLarge && contents ? undefined : await api.count(of.code, of.span));
    if (held !== undefined) {
      if (of.booked === 0) return { held, others: held, listed: [] };
      if (held === of.booked && !contents) return { held, others: 0, listed: [] };
      if (halves === null || Math.max(held, of.booked) <= most) {
        const listed = await this.compareListed(of.code, of.span);
        return { held, others: listed.others, listed: [listed] };
      }
    }
    const both = { held: 0, others: 0, listed: [] as Listed[] };
    for (const span of halves!) {
      const half = await this.narrow({ code: of.code, span, booked: countWithin(times, span) }, times);
      both.held += half.held;
      both.others += half.others;
      both.listed.push(...half.listed);
    }
    return both;
  }

  private async timesOf({ code, span }: CodeSpan): Promise<number[]> {
    const times: number[] = [];
    for await (const { eventAt } of this.options.receipts.listUsage(code, span)) times.push(eventAt!);
    return times;
  }
}

function isWithin({ eventAt }: Receipt, { from, to }: EventSpan): boolean {
  return eventAt !== undefined && eventAt >= from && eventAt < to;
}

function widen({ from, to }: EventSpan, byMs: number): EventSpan {
  return { from: from - byMs, to: to + byMs };
}

function isOfUsage(receipt: Receipt): receipt is UsageReceipt {
  return receipt.usageId !== undefined && receipt.code !== undefined && receipt.eventAt !== undefined;
}
