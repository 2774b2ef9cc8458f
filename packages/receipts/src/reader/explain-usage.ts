import { destinationTypes, kindOf } from '@meterbridge/destinations';
import type { Receipt } from '../receipt.js';
import { DecimalSum, isDecimal } from './decimal-sum.js';
import type { ExplainedUsage, Explanation } from './receipt-reader.js';

/** A receipt of usage, and whether it is in effect. */
export type RankedReceipt = { receipt: Receipt; isInEffect: boolean };

/** What receipts of one customer come to, by day, code, source and rule. Pure. */
export class UsageExplanation {
  private readonly groups = new Map<string, Group>();
  private readonly billed = new Map<string, Explanation['billed'][number]>();
  private readonly samples: number;

  /** @param samples how many ids of each line are told */
  constructor(samples: number) {
    this.samples = samples;
  }

  add(ranked: RankedReceipt): void {
    const { owner, customer, messageId } = ranked.receipt;
    if (owner !== undefined) this.billed.set(JSON.stringify([owner, customer]), { owner, customer });
    const { totals, samples } = this.groupOf(ranked.receipt);
    totals.add(ranked);
    const isTold = ranked.isInEffect && messageId !== undefined;
    if (isTold && samples.length < this.samples) samples.push(messageId);
  }

  result(): Explanation {
    const keys = [...this.groups.keys()].toSorted();
    const lines = keys.map((key) => {
      const { totals, ...group } = this.groups.get(key)!;
      return { ...group, ...totals.result() };
    });
    return { lines, billed: [...this.billed.keys()].toSorted().map((key) => this.billed.get(key)!) };
  }

  private groupOf({ eventAt, code = '', source, rule = '' }: Receipt): Group {
    const day = new Date(eventAt!).toISOString().slice(0, 10);
    const key = JSON.stringify([day, code, source, rule]);
    const group = this.groups.get(key) ?? { day, code, source, rule, samples: [], totals: new UsageTotals() };
    this.groups.set(key, group);
    return group;
  }
}

type Group = Omit<ExplainedUsage, keyof Totals> & { totals: UsageTotals };

type Totals = Pick<ExplainedUsage, 'events' | 'sums' | 'late' | 'duplicates'>;

/** What receipts of usage come to. Pure. */
export class UsageTotals {
  private readonly counts = { events: 0, late: 0, duplicates: 0 };
  private readonly sums = new Map<string, DecimalSum>();

  add({ receipt, isInEffect }: RankedReceipt): void {
    if (!isInEffect) {
      this.counts.duplicates += 1;
      return;
    }
    this.counts.events += 1;
    if (receipt.outcome === 'late') this.counts.late += 1;
    for (const [name, value] of numbersIn(receipt)) {
      const sum = this.sums.get(name) ?? new DecimalSum();
      sum.add(value);
      this.sums.set(name, sum);
    }
  }

  result(): Totals {
    const sums = [...this.sums].map(([name, sum]) => [name, String(sum)] as const);
    return { ...this.counts, sums: Object.fromEntries(sums.toSorted()) };
  }
}

/**
 * The properties of a usage event that are numbers, also as text: that is how those are sent that a double cannot hold.
 * Its id is none, whatever it looks like.
 */
function numbersIn({ type, usage, usageId }: Receipt): [name: string, value: string][] {
  const known = destinationTypes.find((each) => each === type);
  if (known === undefined || usage === undefined) return [];
  let values: unknown = JSON.parse(usage);
  for (const key of kindOf(known).sent.set.target) values = (values as Record<string, unknown>)[key];
  return Object.entries(values as object).flatMap(([name, value]) => {
    const isId = name === 'id' && value === usageId;
    const isNumber = typeof value === 'number' || (typeof value === 'string' && isDecimal(value));
    return isNumber && !isId ? [[name, String(value)] as [string, string]] : [];
  });
}
