import {
  type Acceptances,
  type Apart,
  judgeSuspect,
  type Outcome,
  provedFailure,
  type RequestRef,
  type RetryPolicy,
  type StoredDelivery,
  type Suspect,
  type UsageEvent,
} from '@meterbridge/delivery';
import { oldBefore, type PendingUsage } from '@meterbridge/destinations';
import { type DeliverOptions, READS_WAY, type Sender } from '@meterbridge/sender';
import type { Aged, Deliver, Lateness, OldUsage } from './lateness.js';
import type { ManualHold } from './manual-hold.js';
import type { MapDelivery } from './rule-versions.js';
import { type Lookups, type Pending, sendAsFound } from './send-as-found.js';

export type Attempt = {
  map: MapDelivery;
  sender: Pick<Sender, 'deliver' | 'accepted'>;
  policy: Pick<RetryPolicy, 'failsAloneAfterMs'>;
  /** Epoch milliseconds, by the clock that all workers share. */
  now: () => number;
  /** See `Destination`. */
  storableBytes?: number | undefined;
  /** Left out where no rule has subscriptions looked up. */
  lookups?: Lookups;
  /** Left out where an API bills whatever it takes. */
  lateness?: Lateness | undefined;
  /** Left out where nobody can hold the destination. */
  hold?: ManualHold;
};

/**
 * One attempt at a batch job's deliveries: each event is mapped from its original, and what could be mapped
 * is handed to the sender together; what lacks its subscription follows as that is found. One outcome a
 * delivery, in order. The events themselves are let go of before the wait: they would fill the memory of a
 * worker whose API is slow. While a person holds the destination nothing is mapped, and nothing can die.
 */
export async function attemptDeliveries(
  attempt: Attempt,
  deliveries: StoredDelivery[],
  how: { first?: boolean; jobId?: string } = {},
): Promise<Outcome[]> {
  const { sender, lookups, lateness, hold } = attempt;
  if (hold?.isHeld()) {
    // What goes first holds a permit and a turn that others wait for: it is put back at once.
    const isReleased = !how.first && (await hold.untilReleased());
    if (!isReleased) return deliveries.map(() => (how.first ? HELD_BACK : UNSENT));
  }
  const { ready, outcomes, pending, old } = mapDeliveries(attempt, deliveries);
  let isAnswered = outcomes.length > 0;
  const deliver: Deliver = async (usages, suspects, sent, requests = sent.map(({ request }) => request)) => {
    const since = attempt.now();
    const told = await deliverJudged(sender, usages, suspects, {
      ...how,
      requests,
      isAnswered: () => isAnswered,
    });
    isAnswered ||= told.some(({ outcome }) => outcome !== 'unsent');
    return lateness ? lateness.tell(told, usages, sent, { since, now: attempt.now() }) : told;
  };
  const sending = deliver(ready.usages, ready.suspects, ready.sent, ready.requests);
  const sendingOld = lateness && old.length > 0 ? lateness.send(old, deliver) : undefined;
  if (pending.length > 0) {
    if (!lookups) throw new Error('a rule has subscriptions looked up, and nobody is there to do it');
    const others = ready.usages.length > 0 ? sending : undefined;
    const found = await sendAsFound(pending, { ...lookups, lateness }, deliver, others);
    for (const [index, outcome] of found) outcomes[index] = outcome;
    outcomes.length = deliveries.length;
  }
  if (sendingOld) {
    for (const [at, outcome] of (await sendingOld).entries()) outcomes[old[at]!.index] = outcome;
    outcomes.length = deliveries.length;
  }
  const sent = await sending;
  if (outcomes.length === 0) return sent;
  let next = 0;
  // A hole is a delivery that was mapped, and so sent.
  return Array.from(outcomes, (known) => known ?? sent[next++]!);
}

const UNSENT: Outcome = { outcome: 'unsent' };
/** Milliseconds until what was put back for a hold is taken again. */
const HELD_BACK: Outcome = { outcome: 'unsent', waitMs: 2_000 };

/** What is known of a suspect, and how it is sent for that. */
export type Judged = { apart: Apart; suspect: Suspect };

async function deliverJudged(
  sender: Pick<Sender, 'deliver'>,
  usages: UsageEvent[],
  suspects: ReadonlyMap<number, Judged>,
  how: Omit<DeliverOptions, 'apart'>,
): Promise<Outcome[]> {
  const apart = new Map([...suspects].map(([index, judged]) => [index, judged.apart]));
  const outcomes = await sender.deliver(usages, { ...how, apart });
  return outcomes.map((outcome, index) => {
    // Should it die of this, its dead letter shows what was sent.
    const { body: usage } = usages[index]!;
    if (outcome.outcome === 'failed') return { ...outcome, usage };
    if (outcome.outcome !== 'suspected') return outcome;
    const judged = suspects.get(index)?.suspect;
    return { ...outcome, usage, judged };
  });
}

/** It waits: by other rules it could be a second usage event for what its API has. */
const RULES_UNKNOWN: Outcome = {
  outcome: 'failed',
  code: 'rules_unknown',
  detail: 'it may have arrived, and the rules that it was sent under are not kept: nobody knows what it was',
};

/** A worker of a newer version has to send it: it is no failure, and costs no attempt. */
const NEWER_RULES: Outcome = { outcome: 'unsent', waitMs: 15_000 };

/** It waits for the rule to come back, and says what to do; `nextStep` knows for how long. */
function ruleRemoved(rule: string): Outcome {
  const detail = `no rule of this destination is called "${rule}" any more: put it back under this name, and what was accepted under it is delivered`;
  return { outcome: 'failed', code: 'rule_removed', detail };
}

/** What could be mapped, in order, and an outcome for each that is not sent; none at all where all are. */
function mapDeliveries(attempt: Attempt, deliveries: StoredDelivery[]) {
  const ready = {
    usages: [] as UsageEvent[],
    suspects: new Map<number, Judged>(),
    sent: [] as Aged[],
    requests: [] as (RequestRef | undefined)[],
  };
  const outcomes: (Outcome | undefined)[] = [];
  const pending: Pending[] = [];
  const old: OldUsage[] = [];
  const oldest = attempt.lateness ? oldBefore(attempt.now()) : '';
  const judge = createJudge(attempt);
  for (const [index, delivery] of deliveries.entries()) {
    const mapped = attempt.map(delivery);
    if (mapped === 'newer') {
      outcomes[index] = NEWER_RULES;
      continue;
    }
    if (mapped === 'unknown') {
      outcomes[index] = RULES_UNKNOWN;
      continue;
    }
    if (!mapped.ok && mapped.code === 'unknown_rule') {
      outcomes[index] = ruleRemoved(delivery.rule);
      continue;
    }
    if (!mapped.ok) {
      outcomes[index] = { outcome: 'failed', code: mapped.code, detail: mapped.failure.detail };
      continue;
    }
    const kept = mapped.pending ? keptFor(mapped.pending, delivery) : undefined;
    const judgement = judge(delivery, mapped, kept);
    if (judgement && 'outcome' in judgement) {
      outcomes[index] = judgement;
      continue;
    }
    const isOld = delivery.event.timestamp < oldest;
    if (mapped.usage && isOld) {
      old.push({ index, usage: mapped.usage, delivery: agedOf(delivery), judged: judgement });
      continue;
    }
    if (mapped.usage) {
      if (judgement) ready.suspects.set(ready.usages.length, judgement);
      ready.usages.push(mapped.usage);
      ready.requests.push(delivery.request);
      if (attempt.lateness) ready.sent.push(agedOf(delivery));
      continue;
    }
    pending.push({
      index,
      usage: mapped.pending,
      delivery: agedOf(delivery),
      isOld,
      judged: judgement,
      kept,
    });
  }
  if (outcomes.length > 0) outcomes.length = deliveries.length;
  return { ready, outcomes, pending, old };
}

/** The event itself is let go of. */
function agedOf({ sentUnder, request, event: { timestamp } }: StoredDelivery): Aged {
  return { sentUnder, request, event: { timestamp } };
}

/** What was found before it was first sent stays, as long as the mapping names the same customer. */
function keptFor({ customer }: PendingUsage, { resolved }: StoredDelivery): string | undefined {
  return resolved?.customer === customer ? resolved.subscription : undefined;
}

type Mapped = { usage?: UsageEvent | undefined; pending?: PendingUsage | undefined };

/** Says of a delivery how it is sent as a suspect, or that it is not sent now; nothing where nobody suspects it. */
function createJudge({ sender, lookups, policy, now, storableBytes }: Attempt) {
  let accepted: Acceptances | undefined;
  return (
    { tries }: StoredDelivery,
    { usage, pending }: Mapped,
    kept: string | undefined,
  ): Judged | Outcome | undefined => {
    if (!tries?.suspect) return undefined;
    // A read says nothing of a write, nor the other way round.
    const isRead = pending !== undefined && kept === undefined;
    if (isRead !== (tries.suspect.way === READS_WAY)) return undefined;
    accepted ??= { ...sender.accepted(), ...lookups?.reader.accepted() };
    const judgement = judgeSuspect(tries, accepted, now(), policy);
    switch (judgement.send) {
      case 'with others':
        return undefined;
      case 'apart':
        return { apart: judgement.apart, suspect: judgement.suspect };
      case 'later':
        return { outcome: 'unsent', waitMs: judgement.waitMs };
      case 'never': {
        const written = usage ?? (kept === undefined ? undefined : pending?.complete(kept));
        const shown = written && { body: written.body, storableBytes };
        return provedFailure(judgement, tries, shown);
      }
    }
  };
}
