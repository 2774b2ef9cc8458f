import {
  type Asked,
  type BillingTimes,
  type Destination,
  type Fate,
  oldBefore,
  type Period,
  type Read,
  readBillingTimes,
  readPeriods,
} from '@meterbridge/destinations';

/**
 * Counts usage whose time is billed already, before it is sent. What is recent is taken for billable; each subscription
 * or customer is asked for once.
 */
export class LateQuestions {
  private readonly billing: Destination['billing'];
  private readonly subscriptions: Destination['subscriptions'];
  private readonly rows = new Map<string, BillingTimes[] | null>();
  private readonly periods = new Map<string, Period[] | null>();

  constructor({ billing, subscriptions }: Pick<Destination, 'billing' | 'subscriptions'>) {
    this.billing = billing;
    this.subscriptions = subscriptions;
  }

  /** @param read null where no more may be asked */
  async count(asked: readonly Asked[], read: Read): Promise<{ late: number; maybeLate: number }> {
    const counts = { late: 0, maybeLate: 0 };
    if (!this.billing) return counts;
    const oldest = oldBefore(Date.now());
    for (const each of asked) {
      if (each.timestamp >= oldest) continue;
      const fate = await this.fateOf(each, read);
      if (fate === 'unknown') counts.maybeLate += 1;
      else if (fate !== 'open') counts.late += 1;
    }
    return counts;
  }

  private async fateOf({ usage, pending, timestamp }: Asked, read: Read): Promise<Fate> {
    if (pending) {
      const { customer, at, prefer } = pending;
      const periods = await getOrSet(this.periods, customer, () => this.readAll(customer, read));
      const chosen = periods && this.subscriptions?.choose(periods, at, prefer);
      return chosen?.ok ? chosen.fate : 'unknown';
    }
    const subscription = this.billing!.subscriptionOf(usage.body);
    const rows = await getOrSet(this.rows, subscription, () =>
      readBillingTimes(this.billing!, subscription, read),
    );
    return rows ? this.billing!.fate(rows, Date.parse(timestamp)) : 'unknown';
  }

  private async readAll(customer: string, read: Read): Promise<Period[] | null> {
    const all = this.subscriptions && (await readPeriods(this.subscriptions, customer, read));
    return all?.ok ? all.periods : null;
  }
}

async function getOrSet<Value>(
  known: Map<string, Value>,
  key: string,
  read: () => Promise<Value>,
): Promise<Value> {
  if (!known.has(key)) known.set(key, await read());
  return known.get(key)!;
}
