import type { CustomerOf } from './customer-of.js';
import type { Grouping } from './groupings.js';
import { destinationOf, eventNameOf, type LetterEntry, ruleOf } from './letter.js';

/** How many letters, and when the first and the last of them died; epoch milliseconds. */
export type Count = { letters: number; oldest: number; newest: number };

export type Group = Count & { key: Partial<Record<Grouping, string>> };

export type Tallied = {
  /** The largest first. */
  groups: Group[];
  /** Letters of groups that came when there was no more room; null where there was. */
  others: Count | null;
  total: Count | null;
};

/** So many groups are counted apart: there may be a customer for every letter. */
const MAX_GROUPS = 10_000;

/** Counts letters by what they have in common, in memory that does not grow with them. */
export class Tally {
  private readonly by: readonly Grouping[];
  private readonly customerOf: CustomerOf;
  private readonly maxGroups: number;
  private readonly groups = new Map<string, Group>();
  private others: Count | null = null;
  private total: Count | null = null;

  constructor(by: readonly Grouping[], customerOf: CustomerOf, maxGroups = MAX_GROUPS) {
    this.by = by;
    this.customerOf = customerOf;
    this.maxGroups = maxGroups;
  }

  add(entry: LetterEntry): void {
    this.total = count(this.total, entry.at);
    const values = this.by.map((what) => this.valueOf(entry, what));
    const name = JSON.stringify(values);
    const group = this.groups.get(name);
    if (group) count(group, entry.at);
    else if (this.groups.size < this.maxGroups) {
      const key = Object.fromEntries(this.by.map((what, index) => [what, values[index]!]));
      this.groups.set(name, { key, ...count(null, entry.at) });
    } else this.others = count(this.others, entry.at);
  }

  result(): Tallied {
    const groups = [...this.groups.values()].toSorted((one, other) => other.letters - one.letters);
    return { groups, others: this.others, total: this.total };
  }

  private valueOf(entry: LetterEntry, what: Grouping): string {
    switch (what) {
      case 'destination':
        return destinationOf(entry);
      case 'reason':
        return entry.reason;
      case 'day':
        return new Date(entry.at).toISOString().slice(0, 10);
      default:
        return entry.newer === undefined ? this.readValue(entry, what) : '';
    }
  }

  private readValue(entry: LetterEntry, what: Exclude<Grouping, 'destination' | 'reason' | 'day'>): string {
    switch (what) {
      case 'event':
        return eventNameOf(entry.letter);
      case 'customer':
        return this.customerOf(entry) ?? '';
      case 'source':
        return entry.letter.source;
      case 'rule':
        return ruleOf(entry.letter);
    }
  }
}

function count(counted: Count | null, at: number): Count {
  if (!counted) return { letters: 1, oldest: at, newest: at };
  counted.letters += 1;
  counted.oldest = Math.min(counted.oldest, at);
  counted.newest = Math.max(counted.newest, at);
  return counted;
}
