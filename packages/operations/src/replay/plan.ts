import { destinationOf, type LetterEntry } from '../dead-letters/letter.js';
import type { Held } from '../stored/held.js';
import type { Verdict } from './judge-letter.js';
import { slowest } from './pace.js';

/** How many letters have something in common, the most first. */
export type Counted = { destination: string; letters: number };

/** What a replay would do, before anything is done. */
export type ReplayPlan = {
  letters: number;
  reasons: (Counted & { reason: string })[];
  customers: { customer: string; letters: number }[];
  /** Customers there are, named above or not. */
  customersInAll: number;
  /** Letters that would be put back on their queue. */
  go: number;
  /** Of those that go: so many may have arrived under rules that are not those of now. */
  sentBefore: number;
  /** Letters whose events would be dead again at once, by why. */
  fail: (Counted & { why: string })[];
  /** Letters that cannot go anywhere, by why. */
  stay: (Counted & { why: string; detail?: string })[];
  held: Held[];
  /** How long it takes at the given pace; null where nothing bounds it. */
  seconds: number | null;
};

const NAMED = 5;

/** Adds letters up to a plan, in memory that does not grow with them, except by customers and by reasons why. */
export class PlanTally {
  private letters = 0;
  private go = 0;
  private sentBefore = 0;
  private readonly reasons = new Map<string, ReplayPlan['reasons'][number]>();
  private readonly customers = new Map<string, number>();
  private readonly fail = new Map<string, ReplayPlan['fail'][number]>();
  private readonly stay = new Map<string, ReplayPlan['stay'][number]>();
  /** Deliveries that would be made, by where their letters lie, and by where they go. */
  private readonly deliveries = new Map<string, Map<string, number>>();

  /** @param isSentBefore it may have arrived under other rules than those of now */
  add(
    entry: LetterEntry,
    verdict: Verdict,
    customer: string | undefined,
    doesFailingToo: boolean,
    isSentBefore = false,
  ): void {
    const destination = destinationOf(entry);
    this.letters += 1;
    const { reason } = entry;
    raise(this.reasons, `${destination} ${reason}`, { destination, reason, letters: 0 });
    if (customer !== undefined) this.customers.set(customer, (this.customers.get(customer) ?? 0) + 1);
    if (verdict.will === 'stay') {
      const { why, detail } = verdict;
      const group = { destination, why, letters: 0, detail };
      raise(this.stay, `${destination} ${why} ${detail}`, group);
      return;
    }
    if (verdict.will === 'fail') {
      raise(this.fail, `${destination} ${verdict.why}`, { destination, why: verdict.why, letters: 0 });
      if (!doesFailingToo) return;
    } else this.go += 1;
    if (isSentBefore) this.sentBefore += 1;
    const made = this.deliveries.get(destination) ?? new Map<string, number>();
    this.deliveries.set(destination, made);
    for (const move of verdict.moves) {
      made.set(move.destination, (made.get(move.destination) ?? 0) + move.deliveries.length);
    }
  }

  /** @param paces deliveries a second, by destination; null where nothing bounds them */
  result(held: Held[], paces: ReadonlyMap<string, number | null>): ReplayPlan {
    return {
      letters: this.letters,
      reasons: byMost(this.reasons),
      customers: [...this.customers]
        .map(([customer, letters]) => ({ customer, letters }))
        .toSorted((one, other) => other.letters - one.letters)
        .slice(0, NAMED),
      customersInAll: this.customers.size,
      go: this.go,
      sentBefore: this.sentBefore,
      fail: byMost(this.fail),
      stay: byMost(this.stay),
      held,
      seconds: this.seconds(paces),
    };
  }

  /** ReplayRange after lane, each as slow as the slowest of those it leads to. */
  private seconds(paces: ReadonlyMap<string, number | null>): number | null {
    let seconds: number | null = null;
    for (const made of this.deliveries.values()) {
      const pace = slowest([...made.keys()].map((destination) => paces.get(destination) ?? null));
      if (pace !== null) seconds = (seconds ?? 0) + Math.max(...made.values()) / pace;
    }
    return seconds;
  }
}

function raise<Group extends { letters: number }>(
  groups: Map<string, Group>,
  key: string,
  first: Group,
): void {
  const group = groups.get(key) ?? first;
  group.letters += 1;
  groups.set(key, group);
}

function byMost<Group extends { letters: number }>(groups: ReadonlyMap<string, Group>): Group[] {
  return [...groups.values()].toSorted((one, other) => other.letters - one.letters);
}

/** How many letters the plan puts back. */
export function planned({ go, fail }: ReplayPlan, doesFailingToo: boolean): number {
  return go + (doesFailingToo ? fail.reduce((sum, { letters }) => sum + letters, 0) : 0);
}
