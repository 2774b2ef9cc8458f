import type {
  Failure,
  LateUsage,
  Outcome,
  RequestRef,
  StoredDelivery,
  UsageEvent,
} from '@meterbridge/delivery';
import { type BillingLookup, type Fate, oldBefore } from '@meterbridge/destinations';
import type { BillingReader } from '@meterbridge/sender';
import type { Judged } from './attempt-deliveries.js';

/** Usage whose period may be over, by its index in the job. */
export type OldUsage = {
  index: number;
  usage: UsageEvent;
  delivery: Aged;
  judged?: Judged | undefined;
};

/** What of a delivery decides over its lateness, and who brought it. */
export type Aged = Pick<StoredDelivery, 'sentUnder' | 'request'> & { event: { timestamp: string } };

/**
 * What is known of usage as it is sent.
 * @property customer where its subscription was looked up
 * @property fate left out for what is recent, and open as far as anybody knows
 */
export type Sent = Aged & { customer?: string; fate?: Fate };

/**
 * Sends usage, with what is known of suspects and of all, by their place. One outcome each, in order.
 * @param requests that brought it; as `sent` says where left out
 */
export type Deliver = (
  usages: UsageEvent[],
  suspects: ReadonlyMap<number, Judged>,
  sent: readonly Sent[],
  requests?: readonly (RequestRef | undefined)[],
) => Promise<Outcome[]>;

/** What was handed over longer ago may have waited behind a closed gate. */
const WAITED_LONG_MS = 1_000;

/** Says of usage whether its period was billed before it is sent, and what follows. */
export class Lateness {
  private readonly billing: BillingLookup;
  private readonly reader: Pick<BillingReader, 'fates'>;

  constructor(billing: BillingLookup, reader: Pick<BillingReader, 'fates'>) {
    this.billing = billing;
    this.reader = reader;
  }

  /**
   * Fates of usage that names its subscription, in order, as far as they are known in time.
   * @param asked each with the subscription that it goes to
   */
  fates(asked: readonly { subscription: string; delivery: Aged }[]): Promise<Fate[]> {
    return this.reader.fates(
      asked.map(({ subscription, delivery }) => ({ subscription, at: Date.parse(delivery.event.timestamp) })),
    );
  }

  /** What was never sent and would not be billed, where the configuration keeps that back. */
  refuse(fate: Fate, { sentUnder }: Pick<Aged, 'sentUnder'>): Failure | undefined {
    if (this.billing.late === 'send' || sentUnder !== undefined || !isLate(fate)) return undefined;
    return { outcome: 'failed', code: 'period_closed', detail: this.billing.describe(fate) };
  }

  /** Sends old usage once its fate is known. @returns outcomes in order */
  async send(old: readonly OldUsage[], deliver: Deliver): Promise<Outcome[]> {
    const fates = await this.fates(
      old.map(({ usage, delivery }) => ({ subscription: this.billing.subscriptionOf(usage.body), delivery })),
    );
    const outcomes: Outcome[] = [];
    const going: number[] = [];
    for (const [at, { delivery }] of old.entries()) {
      const refused = this.refuse(fates[at]!, delivery);
      if (refused) outcomes[at] = refused;
      else going.push(at);
    }
    const usages = going.map((at) => old[at]!.usage);
    const suspects = new Map(
      going.flatMap((at, place) => {
        const { judged } = old[at]!;
        return judged ? [[place, judged] as const] : [];
      }),
    );
    const sent = going.map((at): Sent => ({ ...old[at]!.delivery, fate: fates[at]! }));
    for (const [place, outcome] of (await deliver(usages, suspects, sent)).entries()) {
      outcomes[going[place]!] = outcome;
    }
    return outcomes;
  }

  /**
   * Says which of what was delivered is late. Asked for again is what waited long, behind a closed gate, since what was
   * open when it was mapped may have been billed meanwhile; and what could not be known before.
   * @param since when it was handed over, epoch milliseconds
   * @param now epoch milliseconds
   */
  async tell(
    outcomes: readonly Outcome[],
    usages: readonly UsageEvent[],
    sent: readonly Sent[],
    { since, now }: { since: number; now: number },
  ): Promise<Outcome[]> {
    const hasWaited = now - since >= WAITED_LONG_MS;
    // Nearly all usage is recent and leaves at once.
    if (!hasWaited && sent.every(({ fate }) => fate === undefined)) return [...outcomes];
    const fates = sent.map(({ fate }) => fate ?? 'open');
    const oldest = oldBefore(now);
    const again = [...sent.keys()].filter((at) => {
      const fate = fates[at]!;
      const isDoubtful = fate === 'unknown' || (fate === 'open' && hasWaited);
      return isDoubtful && outcomes[at]!.outcome === 'delivered' && sent[at]!.event.timestamp < oldest;
    });
    if (again.length > 0) {
      const found = await this.fates(
        again.map((at) => {
          const subscription = this.billing.subscriptionOf(usages[at]!.body);
          return { subscription, delivery: sent[at]! };
        }),
      );
      for (const [place, at] of again.entries()) fates[at] = found[place]!;
    }
    return outcomes.map((outcome, at) => this.withLate(outcome, fates[at]!, usages[at]!, sent[at]!));
  }

  /** Only what the API takes as new is late: anything else it had before, perhaps in time. */
  private withLate(outcome: Outcome, fate: Fate, { body }: UsageEvent, { event, customer }: Sent): Outcome {
    if (!isLate(fate) || outcome.outcome !== 'delivered') return outcome;
    const { subscription, ...what } = this.billing.usageOf(body);
    const month = event.timestamp.slice(0, '2026-10'.length);
    return { ...outcome, late: { fate, owner: customer ?? subscription, month, ...what } };
  }
}

function isLate(fate: Fate): fate is LateUsage['fate'] {
  return fate !== 'open' && fate !== 'unknown';
}
