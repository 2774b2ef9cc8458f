import { setTimeout as sleep } from 'node:timers/promises';
import type { Outcome, Resolved } from '@meterbridge/delivery';
import type { Fate, PendingUsage } from '@meterbridge/destinations';
import type { KeepResolved } from '@meterbridge/queue';
import type { Resolution, SubscriptionReader } from '@meterbridge/sender';
import type { Judged } from './attempt-deliveries.js';
import type { Aged, Deliver, Lateness, Sent } from './lateness.js';

/** A delivery whose subscription has to be looked up, by its index in the job; `kept`: the job says it already. */
export type Pending = {
  index: number;
  usage: PendingUsage;
  delivery: Aged;
  /** Its period may be over: what was found before says nothing of that. */
  isOld?: boolean;
  judged?: Judged | undefined;
  kept?: string | undefined;
};

export type Lookups = {
  reader: Pick<SubscriptionReader, 'resolve' | 'accepted'>;
  keep: KeepResolved;
  lateness?: Lateness | undefined;
};

type Found = Pending & { subscription: string; fate: Fate };

/** Once the rest of a job is answered it is settled soon, whatever is still being looked up. */
const ANSWERED_WAIT_MS = 1_000;
/** A job that nothing is answered of keeps its hand so long; then others have a turn. */
const LONGEST_WAIT_MS = 5_000;
const ASK_AGAIN: Outcome = { outcome: 'unsent', waitMs: 1_000 };

/**
 * Sends usage events as their subscriptions become known: those of one customer wait for no other's read.
 * What is found is written into the job before it is sent, and what was written before is made sure of. Should this
 * process die before the answer is settled, or another server take over, the next one sends the very same: under
 * another subscription it would be a second usage event. What takes long to be found is handed back; the read goes on.
 * @param others resolves when the job's other deliveries are answered; left out where there are none
 * @returns outcomes by index in the job
 */
export async function sendAsFound(
  pending: readonly Pending[],
  { reader, keep, lateness }: Lookups,
  deliver: Deliver,
  others?: Promise<unknown>,
): Promise<Map<number, Outcome>> {
  const outcomes = new Map<number, Outcome>();
  const answered: Promise<unknown>[] = others ? [others] : [];
  let known: { one: Pending; resolution: Resolution }[] = [];
  const waiting = new Map<number, Promise<void>>();
  for (const [at, resolving] of resolveAll(pending, reader, lateness).entries()) {
    const one = pending[at]!;
    if ('outcome' in resolving) {
      known.push({ one, resolution: resolving });
      continue;
    }
    const told = resolving.then((resolution) => {
      known.push({ one, resolution });
      waiting.delete(at);
    });
    waiting.set(at, told);
  }

  const patience = new AbortController();
  const since = performance.now();
  while (waiting.size > 0 || known.length > 0) {
    if (known.length === 0 && !(await waitForOne(waiting.values(), answered, since, patience.signal))) break;
    // What is known by the same moment is written down and sent together.
    await new Promise((resolve) => setImmediate(resolve));
    const found: Found[] = [];
    for (const { one, resolution } of known) {
      const { index, judged, delivery } = one;
      const refused = resolution.outcome === 'found' && lateness?.refuse(resolution.fate, delivery);
      if (resolution.outcome !== 'found') outcomes.set(index, withJudged(resolution, judged));
      else if (refused) outcomes.set(index, refused);
      else found.push({ ...one, subscription: resolution.subscription, fate: resolution.fate });
    }
    known = [];
    if (found.length > 0) {
      const refused = await writeDown(found, keep);
      if (refused) for (const { index } of found) outcomes.set(index, refused);
      else answered.push(send(found));
    }
  }
  patience.abort();
  for (const at of waiting.keys()) outcomes.set(pending[at]!.index, ASK_AGAIN);
  for (const { one } of known) outcomes.set(one.index, ASK_AGAIN);
  await Promise.all(answered);
  return outcomes;

  async function send(found: Found[]): Promise<void> {
    const suspects = new Map(
      found.flatMap(({ judged, kept }, at) => (judged && kept !== undefined ? [[at, judged] as const] : [])),
    );
    const usages = found.map(({ usage, subscription }) => usage.complete(subscription));
    const sent = found.map(
      ({ fate, delivery, usage: { customer } }): Sent => ({ ...delivery, customer, fate }),
    );
    for (const [at, outcome] of (await deliver(usages, suspects, sent)).entries()) {
      outcomes.set(found[at]!.index, outcome);
    }
  }
}

/** What goes to which subscription, in order; at once where the job says it and its period is not over. */
function resolveAll(
  pending: readonly Pending[],
  reader: Lookups['reader'],
  lateness: Lateness | undefined,
): (Resolution | Promise<Resolution>)[] {
  const resolving = pending.map(({ kept }): Resolution | Promise<Resolution> | undefined =>
    kept === undefined ? undefined : { outcome: 'found', subscription: kept, fate: 'unknown' },
  );
  const unknown = [...pending.keys()].filter((at) => !resolving[at]);
  const questions = unknown.map((at) => ({ ...pending[at]!.usage, apart: pending[at]!.judged?.apart }));
  for (const [place, answer] of reader.resolve(questions).entries()) resolving[unknown[place]!] = answer;
  const old = [...pending.keys()].filter((at) => pending[at]!.isOld && pending[at]!.kept !== undefined);
  if (!lateness || old.length === 0) return resolving as (Resolution | Promise<Resolution>)[];
  const kept = old.map((at) => ({ subscription: pending[at]!.kept!, delivery: pending[at]!.delivery }));
  const fates = lateness.fates(kept);
  for (const [place, at] of old.entries()) {
    const { subscription } = kept[place]!;
    resolving[at] = fates.then((told) => ({ outcome: 'found', subscription, fate: told[place]! }));
  }
  return resolving as (Resolution | Promise<Resolution>)[];
}

/** False when it takes too long, for a job of which something is answered, or for one of which nothing is. */
async function waitForOne(
  waiting: Iterable<Promise<void>>,
  answered: readonly Promise<unknown>[],
  since: number,
  signal: AbortSignal,
): Promise<boolean> {
  const until = (ms: number) => sleep(Math.max(0, ms - (performance.now() - since)), undefined, { signal });
  const none = Promise.race([
    until(LONGEST_WAIT_MS),
    ...(answered.length === 0 ? [] : [Promise.all([...answered, until(ANSWERED_WAIT_MS)])]),
  ]).then(
    () => false,
    () => false,
  );
  return Promise.race([none, ...[...waiting].map((one) => one.then(() => true))]);
}

function withJudged(outcome: Outcome, judged: Judged | undefined): Outcome {
  return outcome.outcome === 'suspected' && judged ? { ...outcome, judged: judged.suspect } : outcome;
}

/** Why nothing of this may be sent; nothing, once it is written. */
async function writeDown(found: readonly Found[], keep: KeepResolved): Promise<Outcome | undefined> {
  const resolved = new Map<number, Resolved>(
    found
      .filter(({ kept }) => kept === undefined)
      .map(({ index, usage, subscription }) => [index, { customer: usage.customer, subscription }]),
  );
  try {
    return (await keep(resolved)) ? undefined : { outcome: 'unsent' };
  } catch (error) {
    const detail = `the subscription that was found could not be written down: ${(error as Error).name}`;
    return { outcome: 'failed', code: 'connection', detail };
  }
}
