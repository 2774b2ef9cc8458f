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

  add({ receipt, isInEffect }: RankedReceipt): void {
    const { owner, customer, messageId } = receipt;
    if (owner !== undefined) this.billed.set(JSON.stringify([owner, customer]), { owner, customer });
    const group = this.groupOf(receipt);
    if (!isInEffect) {
      group.duplicates += 1;
      return;
    }
    group.events += 1;
    if (receipt.outcome === 'late') group.late += 1;
    if (messageId !== undefined && group.samples.length < this.samples) group.samples.push(messageId);
    for (const [name, value] of numbersIn(receipt)) {
      const sum = group.sums.get(name) ?? new DecimalSum();
      sum.add(value);
      group.sums.set(name, sum);
    }
  }

  result(): Explanation {
    const keys = [...this.groups.keys()].toSorted();
    const lines = keys.map((key) => {
      const { sums, ...group } = this.groups.get(key)!;
      const entries = [...sums].map(([name, sum]) => [name, String(sum)] as const);
      return { ...group, sums: Object.fromEntries(entries.toSorted()) };
    });
    return { lines, billed: [...this.billed.keys()].toSorted().map((key) => this.billed.get(key)!) };
  }

  private groupOf({ eventAt, code = '', source, rule = '' }: Receipt): Group {
    const day = new Date(eventAt!).toISOString().slice(0, 10);
    const key = JSON.stringify([day, code, source, rule]);
    const group = this.groups.get(key) ?? {
      ...{ day, code, source, rule, events: 0, late: 0, duplicates: 0, samples: [] },
      sums: new Map(),
    };
    this.groups.set(key, group);
    return group;
  }
}

type Group = Omit<ExplainedUsage, 'sums'> & { sums: Map<string, DecimalSum> };

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
